// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_channel.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "server/net/tls/tls_poller.h"

namespace ember::server::net {
namespace {

/// More does not come before a handshake's end: a client's largest hello and certificates.
constexpr uint32_t kMaxHandshake = 256 * kKiB;

/// Unsent bytes beyond those of replies: alerts, tickets, key updates. Whoever does not read them
/// and causes more is no client.
constexpr size_t kMaxUnasked = 256 * kKiB;

}  // namespace

TlsChannel::TlsChannel(TlsPoller& poller, Stream& user, SslPtr ssl)
    : poller_(poller), user_(user), ssl_(std::move(ssl)) {}

size_t TlsChannel::take(std::span<char> place) {
  const size_t size = std::min(place.size(), input_.size());
  std::copy_n(input_.begin(), size, place.begin());
  input_ = input_.subspan(size);
  return size;
}

void TlsChannel::put(std::span<const char> bytes) {
  if (pending_ == nullptr) {
    pending_ = poller_.take_buffer();
  }
  pending_->insert(pending_->end(), bytes.begin(), bytes.end());
}

void TlsChannel::on_receive(std::span<const char> bytes) {
  if (ended_ || closing_) {
    return;
  }
  input_ = bytes;
  if (established_ || shake_hands()) {
    receive_plain();
  }
  input_ = {};
  if (closing_ || ended_) {
    return;
  }
  const size_t asked = plain_ > 0 ? 2 * poller_.context().options().write_size : 0;
  if (pending_ != nullptr && pending_->size() > kMaxUnasked + asked) {
    log::debug("connection {}: closed, because it makes the server send and does not read",
               poller_state.fd);
    end(ECONNABORTED);
    return;
  }
  flush();
}

/// Returns whether the handshake is over.
bool TlsChannel::shake_hands() {
  handshake_bytes_ += static_cast<uint32_t>(input_.size());
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    poller_.handshake_over(*this);
    return true;
  }
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    log::debug("connection {}: TLS handshake failed: {}", poller_state.fd,
               reason != nullptr ? reason : "the client broke it off");
    fail_handshake(EPROTO);
  } else if (handshake_bytes_ > kMaxHandshake) {
    log::debug("connection {}: TLS handshake too long", poller_state.fd);
    fail_handshake(EMSGSIZE);
  }
  return false;
}

void TlsChannel::fail_handshake(int error) {
  poller_.context().count_handshake_error();
  poller_.handshake_over(*this);
  broken_ = true;
  end(error);
}

void TlsChannel::expire() {
  log::debug("connection {}: TLS handshake took longer than ssl_handshake_timeout",
             poller_state.fd);
  fail_handshake(ETIMEDOUT);
}

/// Decrypts all that came, so that many small records are one call of the user.
void TlsChannel::receive_plain() {
  const std::span<char> place = poller_.plain_input();
  bool more = true;
  while (more && !closing_ && !ended_) {
    size_t filled = 0;
    int problem = SSL_ERROR_NONE;
    while (filled < place.size() && problem == SSL_ERROR_NONE) {
      size_t size = 0;
      ERR_clear_error();
      const int result =
          SSL_read_ex(ssl_.get(), place.data() + filled, place.size() - filled, &size);
      filled += size;
      problem = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    }
    if (filled > 0) {
      user_.on_receive({place.data(), filled});
    }
    more = problem == SSL_ERROR_NONE;
    if (more || problem == SSL_ERROR_WANT_READ || closing_) {
      continue;
    }
    // The client said goodbye, or broke the protocol: OpenSSL takes nothing more after that.
    broken_ = problem != SSL_ERROR_ZERO_RETURN;
    if (broken_) {
      log::debug("connection {}: TLS protocol broken: {}", poller_state.fd,
                 ERR_reason_error_string(ERR_peek_error()) != nullptr
                     ? ERR_reason_error_string(ERR_peek_error())
                     : "unknown error");
    }
    end(broken_ ? EPROTO : 0);
  }
}

void TlsChannel::on_end(int error) {
  if (closing_) {
    return;
  }
  if (!established_) {
    // Whoever connects and leaves without a word (a probe of a port) made no error.
    if (handshake_bytes_ > 0 && !ended_) {
      poller_.context().count_handshake_error();
    }
    poller_.handshake_over(*this);
  }
  end(error);
}

void TlsChannel::end(int error) {
  if (!ended_) {
    ended_ = true;
    user_.on_end(error);
  }
}

void TlsChannel::send(std::span<const iovec> ranges) {
  check(plain_ == 0 && !closing_, "one send at a time, on an open stream");
  plain_ = established_ && !broken_ ? encrypt(ranges) : 0;
  if (plain_ == 0) {
    user_.on_sent(0, EPIPE);
    return;
  }
  flush();
}

/// Encrypts the beginning of `ranges`; returns how much. Small ranges share a record.
size_t TlsChannel::encrypt(std::span<const iovec> ranges) {
  const std::span<char> record = poller_.record();
  size_t left = poller_.context().options().write_size;
  size_t done = 0;
  size_t gathered = 0;
  const auto write = [&](std::span<const char> plain) {
    done += write_record(plain) ? plain.size() : 0;
  };
  for (const iovec& range : ranges) {
    std::span<const char> bytes(static_cast<const char*>(range.iov_base), range.iov_len);
    while (!bytes.empty() && left > 0 && !broken_) {
      const size_t size = std::min({bytes.size(), left, record.size() - gathered});
      if (size == record.size() || ranges.size() == 1) {
        write(bytes.first(size));  // as it lies
      } else {
        std::copy_n(bytes.begin(), size, record.begin() + static_cast<ptrdiff_t>(gathered));
        gathered += size;
      }
      bytes = bytes.subspan(size);
      left -= size;
      if (gathered == record.size() && !broken_) {
        write(record.first(std::exchange(gathered, 0)));
      }
    }
  }
  if (gathered > 0 && !broken_) {
    write(record.first(gathered));
  }
  return done;
}

bool TlsChannel::write_record(std::span<const char> plain) {
  size_t size = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &size);
  // put() takes everything, and there is no renegotiation: nothing is left half written.
  broken_ = broken_ || result != 1 || size != plain.size();
  return !broken_;
}

void TlsChannel::flush() {
  if (in_flight_ == nullptr && pending_ != nullptr) {
    in_flight_ = std::move(pending_);
    sent_ = 0;
    send_rest();
  }
}

void TlsChannel::send_rest() {
  const iovec rest{.iov_base = in_flight_->data() + sent_, .iov_len = in_flight_->size() - sent_};
  poller_.inner().send(*this, {&rest, 1});
}

void TlsChannel::on_sent(size_t size, int error) {
  if (error != 0) {
    broken_ = true;
    if (plain_ > 0) {
      plain_ = 0;
      user_.on_sent(0, error);
    } else {
      end(error);
    }
    return;
  }
  sent_ += size;
  if (sent_ < in_flight_->size()) {
    send_rest();
    return;
  }
  poller_.give_buffer(std::move(in_flight_));
  if (pending_ != nullptr) {
    flush();
  } else if (plain_ > 0) {
    user_.on_sent(std::exchange(plain_, 0), 0);
  }
}

void TlsChannel::close() {
  if (closing_) {
    return;
  }
  poller_.handshake_over(*this);
  send_last();
  closing_ = true;
  poller_.inner().close(*this);
}

/// An alert that tells why, or goodbye: as far as the socket takes it at once, since nobody waits
/// for a client that is being closed.
void TlsChannel::send_last() {
  if (in_flight_ != nullptr || plain_ > 0) {
    return;
  }
  if (established_ && !broken_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  if (pending_ != nullptr) {
    ::send(poller_state.fd, pending_->data(), pending_->size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

void TlsChannel::on_released() { poller_.release(*this); }

}  // namespace ember::server::net
