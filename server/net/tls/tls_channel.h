// SPDX-License-Identifier: BSD-3-Clause
// TlsChannel: one TLS connection, between a stream that knows plain bytes and a poller that moves
// encrypted ones. Handshakes and records are OpenSSL's; this carries bytes to it and from it.
//
// Ownership: its TlsPoller's, from add() until the inner poller has released the socket. An idle
// channel is this object and OpenSSL's own; buffers are lent by the poller while they are needed.
// Bounds: one encrypted send at a time, of at most ssl_wbuf_size plain bytes; what a client makes
// the server answer by itself (handshakes, key updates) is bounded, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/net/poller.h"
#include "server/net/timer_wheel.h"
#include "server/net/tls/tls_context.h"

namespace ember::server::net {

class TlsPoller;

/// As a timer, it is armed while the handshake lasts.
class TlsChannel final : public Stream, public Timer {
 public:
  TlsChannel(TlsPoller& poller, Stream& user, SslPtr ssl);

  // What the inner poller tells.
  void on_receive(std::span<const char> bytes) override;
  void on_end(int error) override;
  void on_sent(size_t size, int error) override;
  void on_released() override;

  // What the stream's user asks for.
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
  using Bytes = std::vector<char>;

  bool shake_hands();
  void receive_plain();
  size_t encrypt(std::span<const iovec> ranges);
  bool write_record(std::span<const char> plain);
  void fail_handshake(int error);
  void end(int error);
  void flush();
  void send_rest();
  void send_last();

  TlsPoller& poller_;
  Stream& user_;
  SslPtr ssl_;
  std::span<const char> input_;       // encrypted; valid while it is being received
  std::unique_ptr<Bytes> in_flight_;  // encrypted, being sent
  std::unique_ptr<Bytes> pending_;    // encrypted, to be sent next
  size_t sent_ = 0;                   // of in_flight_
  size_t plain_ = 0;                  // bytes of the user's in in_flight_ and pending_
  uint32_t handshake_bytes_ = 0;      // received before it was established
  bool established_ : 1 = false;
  bool ended_ : 1 = false;   // the user was told
  bool broken_ : 1 = false;  // nothing more can be encrypted
  bool closing_ : 1 = false;
};

}  // namespace ember::server::net
