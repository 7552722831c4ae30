// SPDX-License-Identifier: BSD-3-Clause
// Wire: one connection to the server, plain or TLS, that moves bytes without waiting.
//
// With TLS the process ignores SIGPIPE: OpenSSL writes to the socket by itself.
// Threads: one.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "bench/tls_client.h"

namespace ember::bench {

class Wire {
 public:
  /// Over a connected socket. With `tls` (null: plain) the handshake is waited for.
  static Result<Wire> open(Fd socket, const TlsClient* tls);

  int fd() const { return socket_.get(); }

  /// Sends what the socket takes, and returns how much. What was left over comes first in the next
  /// call.
  size_t send(std::string_view bytes);

  /// Returns how much came. A full `place` means that there may be more, of which TLS has taken the
  /// bytes from the socket already: call again instead of waiting for the socket.
  size_t receive(std::span<char> place);

  /// Why nothing can be moved any more, if so.
  const std::optional<Error>& failure() const { return failure_; }

  /// Sends `command`, waits, and returns what is answered up to and with `end` ("END\r\n").
  Result<std::string> ask(std::string_view command, std::string_view end);

 private:
  explicit Wire(Fd socket) : socket_(std::move(socket)) {}

  Result<void> shake_hands();
  std::string handshake_failure(int problem) const;
  size_t send_plain(std::string_view bytes);
  size_t send_tls(std::string_view bytes);
  size_t receive_plain(std::span<char> place);
  size_t receive_tls(std::span<char> place);
  void note_plain(std::string_view what, int error);
  void note_tls(std::string_view what, int result);

  Fd socket_;
  SslPtr ssl_;  // goes before the socket
  std::optional<Error> failure_;
};

}  // namespace ember::bench
