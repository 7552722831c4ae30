// SPDX-License-Identifier: BSD-3-Clause
// TlsPoller: a poller in front of another one, that speaks TLS on the streams that ask for it
// (PollerState::security), accepted or opened, and passes the others through. Its users see plain
// bytes and know nothing of handshakes. Not TLS itself: a connection's is in tls_channel.h.
//
// Threads, callbacks: as of Poller.
// Ownership: the context outlives it, and the timers every turn of it; it owns the inner poller and
// the channels.
// Bounds: a handshake must be over within ssl_handshake_timeout.
// Cost: a stream that passes through costs one comparison a call.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/net/tls/tls_channel.h"
#include "server/net/tls/tls_context.h"

namespace ember::server::net {

class TlsPoller final : public Poller, private TlsChannelOwner {
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
  /// With TLS, `stream` is told of its connection when the handshake is over, or has failed:
  /// EKEYREJECTED if the server's certificate is not trusted or has another name, EPROTO, ETIMEDOUT
  /// after ssl_handshake_timeout. Requires: for TLS, a context with TlsOptions::connect.
  void connect(Stream& stream, Fd socket, const SocketAddress& address) override;
  void pause(Stream& stream) override { inner_->pause(moved(stream)); }
  void resume(Stream& stream) override { inner_->resume(moved(stream)); }
  void send(Stream& stream, std::span<const iovec> ranges) override;
  void close(Stream& stream) override;
  void turn(int timeout_ms) override { inner_->turn(timeout_ms); }
  void wake() override { inner_->wake(); }

 private:
  using MethodPtr = std::unique_ptr<BIO_METHOD, SslFree>;

  TlsPoller(std::unique_ptr<Poller> inner, TlsContext& context, Timers& timers, MethodPtr method);
  SslPtr attach_bio(SslPtr ssl) const;
  TlsChannel& make_channel(Stream& stream, int fd, SslPtr ssl, TlsChannel::Side side)
      EMBER_REQUIRES(role_);
  void release(TlsChannel& channel) override;
  /// A handshake's time is over.
  void on_due(Timer& timer) override { static_cast<TlsChannel&>(timer).expire(); }

  /// The channel of a stream that asked for one; else null.
  TlsChannel* channel_of(const Stream& stream) const {
    role_.assume();
    return stream.poller_state.security == Security::plain
               ? nullptr
               : channels_[static_cast<size_t>(stream.poller_state.fd)].get();
  }
  /// What the inner poller knows `stream` as.
  Stream& moved(Stream& stream) const {
    TlsChannel* const channel = channel_of(stream);
    return channel != nullptr ? *channel : stream;
  }

  [[no_unique_address]] Role role_;
  MethodPtr method_;
  std::vector<std::unique_ptr<TlsChannel>> channels_ EMBER_GUARDED_BY(role_);  // by descriptor
  std::unique_ptr<Poller> inner_;  // before the channels to go: it refers to them
  TlsLoop loop_;
};

}  // namespace ember::server::net
