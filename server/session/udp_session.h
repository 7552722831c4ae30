// SPDX-License-Identifier: BSD-3-Clause
// UdpSession: one worker's UDP socket: a datagram in, its commands to the handler, the replies out
// in datagrams. Every datagram is on its own: nothing is kept from one to the next, and what does
// not arrive whole is not waited for. Not the socket's system calls (net/udp_endpoint.h), not the
// limit of replies (net/udp_rate_limiter.h).
//
// Never an amplifier: the source of a datagram can be anybody's address, so replies are bounded
// (max_reply), rationed by network (net::UdpRateLimiter), and never sent where a server may listen.
//
// Ownership: the descriptor is its owner's, and open until the poller is gone. Limit and
// context outlive it. Threads: the worker's; the figures from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/counter.h"
#include "protocol/handler.h"
#include "protocol/parser.h"
#include "protocol/reply_buffer.h"
#include "protocol/udp_frame.h"
#include "server/net/poller.h"
#include "server/net/udp_endpoint.h"
#include "server/net/udp_rate_limiter.h"
#include "server/session/request_parser.h"
#include "server/session/session_context.h"

namespace ember::server::session {

/// One UDP socket's counts. Its worker writes, others read.
struct UdpCounters {
  Counter received;  // datagrams
  Counter ignored;   // those that are no request, or whose source may not be answered
  Counter sent;      // datagrams
  Counter lost;      // datagrams the system did not take
  Counter withheld;  // replies beyond the limit
};

/// One UDP socket in `stats conns` and `stats ember`.
struct UdpInfo {
  int number = 0;
  UnixSeconds last_active = 0;
  uint64_t received = 0;
  uint64_t ignored = 0;
  uint64_t sent = 0;
  uint64_t lost = 0;
  uint64_t withheld = 0;
};

class UdpSession final : public net::Readable, public protocol::Client {
 public:
  struct Options {
    /// The largest reply to one command; a larger one becomes an error.
    size_t max_reply = 64 * kKiB;
    /// What is spoken; by the first byte, for each datagram.
    Dialect dialect = Dialect::by_first_byte;
  };

  /// memcached's: with all headers it passes any network.
  static constexpr size_t kDatagramSize = 1400;

  /// Serves `fd`. Requires: `fd` is a bound datagram socket that does not block.
  UdpSession(SessionContext& context, net::UdpRateLimiter& limit, int fd, const Options& options);

  /// Serves what has come, up to a bound: the rest is read in the poller's next turn.
  void on_readable() override;
  /// A reply that would come later has nobody to wait for it: suspended calls are forgotten.
  void resume() override {}
  int number() const override { return endpoint_.fd(); }

  /// Any thread.
  UdpInfo info() const;

 private:
  /// The datagram being answered.
  struct Request {
    const net::UdpPeer& peer;
    size_t size;
    uint16_t id;
  };

  void serve(const net::UdpEndpoint::Datagram& datagram) EMBER_REQUIRES(context_.worker);
  void parse_and_run(RequestParser& parser, std::span<const char> input, const Request& request)
      EMBER_REQUIRES(context_.worker);
  void refuse_cut(std::span<const char> rest, bool value_follows, const Request& request)
      EMBER_REQUIRES(context_.worker);
  bool run(std::span<const protocol::Command> commands, const Request& request)
      EMBER_REQUIRES(context_.worker);
  protocol::Next execute(std::span<const protocol::Command> commands)
      EMBER_REQUIRES(context_.worker);
  void finish_reply(const protocol::Command& last, const Request& request)
      EMBER_REQUIRES(context_.worker);
  void send_reply(const Request& request) EMBER_REQUIRES(context_.worker);

  SessionContext& context_;
  net::UdpRateLimiter& limit_;
  Options options_;
  net::UdpEndpoint endpoint_;
  UdpCounters counters_;
  std::atomic<UnixSeconds> last_active_;
  std::unique_ptr<protocol::ReplyBuffer> reply_ EMBER_GUARDED_BY(context_.worker);
  bool too_large_ EMBER_GUARDED_BY(context_.worker) = false;  // the reply to the command under way
};

}  // namespace ember::server::session
