// SPDX-License-Identifier: BSD-3-Clause
#include "bench/wire.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/check.h"

namespace ember::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// For a handshake or an answer that is waited for; a busy server takes a second for 1000 of them.
constexpr std::chrono::seconds kAnswerLimit(10);

constexpr std::string_view kClosed = "the server closed a connection";
constexpr std::string_view kCannotSend = "cannot send to the server";

/// Returns whether `fd` became ready before the deadline.
bool wait_for(int fd, short events, steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int ready = left.count() > 0 ? poll(&entry, 1, static_cast<int>(left.count())) : 0;
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

}  // namespace

Result<Wire> Wire::open(Fd socket, const TlsClient* tls) {
  const int flags = fcntl(socket.get(), F_GETFL);
  if (flags < 0 || fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return fail_errno("cannot make a socket non-blocking", errno);
  }
  Wire wire(std::move(socket));
  if (tls == nullptr) {
    return wire;
  }
  auto ssl = tls->connect(wire.socket_);
  if (!ssl) {
    return std::unexpected(ssl.error());
  }
  wire.ssl_ = std::move(*ssl);
  if (auto done = wire.shake_hands(); !done) {
    return std::unexpected(done.error());
  }
  return wire;
}

Result<void> Wire::shake_hands() {
  check(ssl_ != nullptr, "hands are shaken on a TLS connection");
  const auto deadline = steady_clock::now() + kAnswerLimit;
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) {
      return {};
    }
    const int problem = SSL_get_error(ssl_.get(), result);
    if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_WANT_WRITE) {
      return fail(handshake_failure(problem));
    }
    const bool reading = problem == SSL_ERROR_WANT_READ;
    if (!wait_for(fd(), reading ? POLLIN : POLLOUT, deadline)) {
      return fail(
          fmt::format("no answer to TLS's handshake within {} s: the server does not speak TLS on "
                      "this port (-Z) or is stuck; leave --tls out for a plain port",
                      kAnswerLimit.count()));
    }
  }
}

std::string Wire::handshake_failure(int problem) const {
  check(problem != SSL_ERROR_NONE, "a handshake that failed has a problem");
  const long verified = SSL_get_verify_result(ssl_.get());
  if (problem == SSL_ERROR_SSL && (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0 &&
      verified != X509_V_OK) {
    return fmt::format(
        "the server's certificate is not trusted: {}; --tls-ca must name the CA that signed it",
        X509_verify_cert_error_string(verified));
  }
  if (ERR_GET_REASON(ERR_peek_error()) >= SSL_AD_REASON_OFFSET) {
    return fmt::format(
        "the server refused the TLS handshake: {}; its log says why (a client's certificate is "
        "given by --tls-cert and --tls-key)",
        tls_cause());
  }
  const bool ended = problem == SSL_ERROR_SYSCALL && ERR_peek_error() == 0;
  return fmt::format(
      "TLS handshake failed: {}: the server does not speak TLS on this port (-Z); leave --tls out "
      "for a plain port",
      ended ? "the connection was closed" : tls_cause());
}

size_t Wire::send(std::string_view bytes) {
  if (failure_ || bytes.empty()) {
    return 0;
  }
  return ssl_ ? send_tls(bytes) : send_plain(bytes);
}

size_t Wire::send_plain(std::string_view bytes) {
  debug_check(ssl_ == nullptr, "nothing plain goes over TLS");
  const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    note_plain(kCannotSend, errno);
    return 0;
  }
  return static_cast<size_t>(sent);
}

size_t Wire::send_tls(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    size_t size = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), bytes.data() + done, bytes.size() - done, &size);
    if (result != 1) {
      note_tls(kCannotSend, result);
      break;
    }
    done += size;
    debug_check(size > 0 && done <= bytes.size(), "no more is sent than there was");
  }
  return done;
}

size_t Wire::receive(std::span<char> place) {
  if (failure_) {
    return 0;
  }
  return ssl_ ? receive_tls(place) : receive_plain(place);
}

size_t Wire::receive_plain(std::span<char> place) {
  debug_check(!place.empty(), "nothing received into no room looks like a closed connection");
  const ssize_t got = recv(fd(), place.data(), place.size(), 0);
  if (got <= 0) {
    note_plain(kClosed, got == 0 ? ECONNRESET : errno);
    return 0;
  }
  return static_cast<size_t>(got);
}

size_t Wire::receive_tls(std::span<char> place) {
  size_t filled = 0;
  while (filled < place.size()) {
    size_t size = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), place.data() + filled, place.size() - filled, &size);
    if (result != 1) {
      note_tls(kClosed, result);
      break;
    }
    filled += size;
    debug_check(size > 0 && filled <= place.size(), "no more is received than there is room for");
  }
  return filled;
}

void Wire::note_plain(std::string_view what, int error) {
  if (error != EAGAIN && error != EINTR) {
    failure_ = fail_errno(what, error).error();
  }
}

void Wire::note_tls(std::string_view what, int result) {
  const int error = errno;
  check(result <= 0, "only what failed is noted");
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      failure_ = fail_errno(what, ECONNRESET).error();
      return;
    case SSL_ERROR_SYSCALL:
      failure_ = fail_errno(what, error != 0 ? error : ECONNRESET).error();
      return;
    default:
      // With TLS 1.3 a server judges the client's certificate when the handshake is over here.
      failure_ = Error{fmt::format("{}: {}", what, tls_cause())};
  }
}

Result<std::string> Wire::ask(std::string_view command, std::string_view end) {
  const auto deadline = steady_clock::now() + kAnswerLimit;
  check(!end.empty(), "an answer has an end to wait for");
  std::string answer;
  std::array<char, 4096> bytes;
  while (true) {
    command.remove_prefix(send(command));
    const size_t got = receive(bytes);
    answer.append(bytes.data(), got);
    if (answer.ends_with(end)) {
      return answer;
    }
    if (failure_) {
      return std::unexpected(*failure_);
    }
    const short events = command.empty() ? POLLIN : POLLIN | POLLOUT;
    if (got == 0 && !wait_for(fd(), events, deadline)) {
      return fail(fmt::format("the server does not answer within {} s", kAnswerLimit.count()));
    }
  }
}

}  // namespace ember::bench
