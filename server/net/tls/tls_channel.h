// SPDX-License-Identifier: BSD-3-Clause
// TlsChannel: one TLS connection, between a stream that knows plain bytes and a poller that moves
// encrypted ones; of a client that came, or one that this side opened. Handshakes and records are
// OpenSSL's; this carries bytes to it and from it.
//
//   accepted: handshake ------------------------> established -> ended, closing
//                 |  on_end(error)                  ^
//   opened:   connecting -> handshake --------------+ on_connected(0)
//                 |            |  on_connected(error)
//                 +------------+----------------> ended, closing
//
// Ownership: its TlsPoller's, from add() or connect() until the inner poller has released the
// socket. An idle channel is this object and OpenSSL's own; buffers are lent while they are needed.
// Threads: its loop's; guarded by a role.
// Bounds: one encrypted send at a time, of at most ssl_wbuf_size plain bytes; what a peer makes
// this side answer by itself (handshakes, key updates) is bounded, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/mutex.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/net/tls/tls_buffers.h"
#include "server/net/tls/tls_context.h"

namespace ember::server::net {

class TlsChannel;

/// Who has a loop's channels, and is told of what ends them.
class TlsChannelOwner : public TimerOwner {
 public:
  /// The inner poller has released the channel: it may be destroyed.
  virtual void release(TlsChannel& channel) = 0;

 protected:
  ~TlsChannelOwner() = default;
};

/// What all channels of a loop share; outlives them.
struct TlsLoop {
  Poller& inner;
  TlsContext& context;
  Timers& timers;
  TlsChannelOwner& owner;
  TlsBuffers buffers{};
};

/// As a timer, it is armed while the handshake lasts.
class TlsChannel final : public Stream, public Timer {
 public:
  /// Which side of the handshake is this one's.
  enum class Side : uint8_t { accepted, opened };

  /// `ssl` is of the side that is told, and reads from and writes to this channel. Null, on an
  /// opened channel: there was no memory, which its user is told of by on_connected().
  TlsChannel(TlsLoop& loop, Stream& user, SslPtr ssl, Side side);

  /// The limit of the handshake's time begins. Requires: the handshake is not over.
  void limit_handshake();

  // What the inner poller tells.
  void on_connected(int error) override;
  void on_receive(std::span<const char> bytes) override;
  void on_end(int error) override;
  void on_sent(size_t size, int error) override;
  void on_released() override;

  // What the stream's user asks for; as of Poller.
  void send(std::span<const iovec> ranges);
  void close();

  Stream& user() { return user_; }
  /// The handshake took too long.
  void expire();

  // What OpenSSL asks for.
  /// Moves encrypted bytes that came to `place`; returns how many.
  size_t take(std::span<char> place);
  /// Encrypted bytes to be sent.
  void put(std::span<const char> bytes);

 private:
  bool shake_hands() EMBER_REQUIRES(role_);
  void note_established() EMBER_REQUIRES(role_);
  void receive_plain() EMBER_REQUIRES(role_);
  size_t encrypt(std::span<const iovec> ranges) EMBER_REQUIRES(role_);
  bool write_record(std::span<const char> plain) EMBER_REQUIRES(role_);
  void fail_handshake(int error) EMBER_REQUIRES(role_);
  void end(int error) EMBER_REQUIRES(role_);
  void flush() EMBER_REQUIRES(role_);
  void send_rest() EMBER_REQUIRES(role_);
  void send_last() EMBER_REQUIRES(role_);

  [[no_unique_address]] Role role_;
  TlsLoop& loop_;
  Stream& user_;
  SslPtr ssl_ EMBER_GUARDED_BY(role_);
  /// Encrypted; valid while it is being received.
  std::span<const char> input_ EMBER_GUARDED_BY(role_);
  /// Encrypted, being sent.
  std::unique_ptr<TlsBuffers::Bytes> in_flight_ EMBER_GUARDED_BY(role_);
  /// Encrypted, to be sent next.
  std::unique_ptr<TlsBuffers::Bytes> pending_ EMBER_GUARDED_BY(role_);
  size_t sent_ EMBER_GUARDED_BY(role_) = 0;   // of in_flight_
  size_t plain_ EMBER_GUARDED_BY(role_) = 0;  // the user's bytes in in_flight_ and pending_
  /// Received before it was established.
  uint32_t handshake_bytes_ EMBER_GUARDED_BY(role_) = 0;
  const Side side_;
  bool established_ : 1 EMBER_GUARDED_BY(role_) = false;
  bool ended_ : 1 EMBER_GUARDED_BY(role_) = false;   // the user was told
  bool broken_ : 1 EMBER_GUARDED_BY(role_) = false;  // nothing more can be encrypted
  bool closing_ : 1 EMBER_GUARDED_BY(role_) = false;
};

}  // namespace ember::server::net
