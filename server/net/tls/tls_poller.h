// SPDX-License-Identifier: BSD-3-Clause
// TlsPoller: a poller in front of another one, that speaks TLS on the streams that ask for it
// (PollerState::security) and passes the others through. Its users see plain bytes and know
// nothing of handshakes. Not TLS itself: a connection's is in tls_channel.h.
//
// Threads, callbacks: as of Poller.
// Ownership: the context outlives it, and the timers every turn of it; it owns the inner poller and
// the channels.
// Bounds: a handshake must be over within ssl_handshake_timeout.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/net/tls/tls_channel.h"
#include "server/net/tls/tls_context.h"

namespace ember::server::net {

class TlsPoller final : public Poller, private TimerOwner {
 public:
  /// `timers` are the loop's, which runs them. Without memory for it: an error.
  static Result<std::unique_ptr<TlsPoller>> open(std::unique_ptr<Poller> inner, TlsContext& context,
                                                 Timers& timers);
  ~TlsPoller() override;

  PollerKind kind() const override { return inner_->kind(); }
  void listen(Listener& listener, int fd) override { inner_->listen(listener, fd); }
  void unlisten(Listener& listener) override { inner_->unlisten(listener); }
  void watch(Readable& readable, int fd) override { inner_->watch(readable, fd); }
  void unwatch(Readable& readable) override { inner_->unwatch(readable); }
  void add(Stream& stream, Fd connection) override;
  void connect(Stream& stream, Fd socket, const SocketAddress& address) override {
    inner_->connect(stream, std::move(socket), address);
  }
  void pause(Stream& stream) override { inner_->pause(moved(stream)); }
  void resume(Stream& stream) override { inner_->resume(moved(stream)); }
  void send(Stream& stream, std::span<const iovec> ranges) override;
  void close(Stream& stream) override;
  void turn(int timeout_ms) override { inner_->turn(timeout_ms); }
  void wake() override { inner_->wake(); }

  // What channels use.
  Poller& inner() { return *inner_; }
  TlsContext& context() { return context_; }
  /// Where plain bytes are decrypted to, during one call of on_receive().
  std::span<char> plain_input() { return plain_input_; }
  /// Where small ranges of a reply are put together, during one call of send(); as large as a
  /// record of TLS may be (RFC 8446, 5.1).
  std::span<char> record() { return record_; }
  std::unique_ptr<std::vector<char>> take_buffer();
  void give_buffer(std::unique_ptr<std::vector<char>> buffer);
  void handshake_over(TlsChannel& channel);
  void release(TlsChannel& channel);

 private:
  using MethodPtr = std::unique_ptr<BIO_METHOD, SslFree>;

  TlsPoller(std::unique_ptr<Poller> inner, TlsContext& context, Timers& timers, MethodPtr method);
  SslPtr connect(Security security);
  /// A handshake's time is over.
  void on_due(Timer& timer) override { static_cast<TlsChannel&>(timer).expire(); }

  /// The channel of a stream that asked for one; else null.
  TlsChannel* channel_of(const Stream& stream) const {
    return stream.poller_state.security == Security::plain
               ? nullptr
               : channels_[static_cast<size_t>(stream.poller_state.fd)].get();
  }
  /// What the inner poller knows `stream` as.
  Stream& moved(Stream& stream) const {
    TlsChannel* const channel = channel_of(stream);
    return channel != nullptr ? *channel : stream;
  }

  TlsContext& context_;
  Timers& timers_;
  MethodPtr method_;
  std::vector<std::unique_ptr<TlsChannel>> channels_;  // by descriptor
  std::vector<std::unique_ptr<std::vector<char>>> free_buffers_;
  std::array<char, 32 * kKiB> plain_input_;
  std::array<char, 16 * kKiB> record_;
  std::unique_ptr<Poller> inner_;  // first to go: it refers to the channels
};

}  // namespace ember::server::net
