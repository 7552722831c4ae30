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

namespace ember::server::net {
namespace {

/// More does not come before a handshake's end: a peer's largest hello and certificates.
constexpr uint32_t kMaxHandshake = 256 * kKiB;

/// Unsent bytes beyond those of the user: alerts, tickets, key updates. A peer that does not read
/// them and causes more is broken or hostile.
constexpr size_t kMaxUnasked = 256 * kKiB;

/// Why OpenSSL's last call failed, for the log; `otherwise` if it does not say.
const char* reason_or(const char* otherwise) {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  return reason != nullptr ? reason : otherwise;
}

}  // namespace

TlsChannel::TlsChannel(TlsLoop& loop, Stream& user, SslPtr ssl, Side side)
    : loop_(loop), user_(user), ssl_(std::move(ssl)), side_(side) {
  role_.assume();
  check(ssl_ != nullptr || side_ == Side::opened, "an accepted channel has its OpenSSL object");
  check(ssl_ == nullptr || (SSL_is_server(ssl_.get()) == 1) == (side_ == Side::accepted),
        "a channel's handshake is of its own side");
}

void TlsChannel::limit_handshake() {
  role_.assume();
  check(!established_ && !armed(), "a handshake has one limit of time");
  loop_.timers.arm_in(*this, uint64_t{loop_.context.options().handshake_timeout_s} * 1000,
                      loop_.owner);
}

size_t TlsChannel::take(std::span<char> place) {
  role_.assume();
  const size_t size = std::min(place.size(), input_.size());
  std::copy_n(input_.begin(), size, place.begin());
  input_ = input_.subspan(size);
  debug_check(size == place.size() || input_.empty(),
              "OpenSSL gets all that came, or all it asked");
  return size;
}

void TlsChannel::put(std::span<const char> bytes) {
  role_.assume();
  debug_check(!closing_, "a closed channel sends nothing more");
  if (pending_ == nullptr) {
    pending_ = loop_.buffers.take();
  }
  pending_->insert(pending_->end(), bytes.begin(), bytes.end());
}

/// The socket stands: the handshake begins, and the user hears of it when it is over.
void TlsChannel::on_connected(int error) {
  role_.assume();
  check(side_ == Side::opened && !established_ && !ended_ && !closing_,
        "an opened channel connects once, before all else");
  if (error != 0 || ssl_ == nullptr) {
    end(error != 0 ? error : ENOMEM);
    return;
  }
  limit_handshake();
  [[maybe_unused]] const bool over = shake_hands();
  debug_check(!over, "a handshake needs the other side's part");
  if (!ended_ && !closing_) {
    flush();
  }
}

void TlsChannel::on_receive(std::span<const char> bytes) {
  role_.assume();
  debug_check(!bytes.empty() && input_.empty(), "a receive has bytes, one receive at a time");
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
  const size_t asked = plain_ > 0 ? 2 * loop_.context.options().write_size : 0;
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
    note_established();
    return true;
  }
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    const bool refused = side_ == Side::opened && SSL_get_verify_result(ssl_.get()) != X509_V_OK;
    log::debug("connection {}: TLS handshake failed: {}", poller_state.fd,
               refused ? X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()))
                       : reason_or(side_ == Side::accepted ? "the client broke it off"
                                                           : "the server broke it off"));
    fail_handshake(refused ? EKEYREJECTED : EPROTO);
  } else if (handshake_bytes_ > kMaxHandshake) {
    log::debug("connection {}: TLS handshake too long", poller_state.fd);
    fail_handshake(EMSGSIZE);
  }
  return false;
}

void TlsChannel::note_established() {
  debug_check(!established_ && !ended_ && !closing_, "a handshake is over once");
  debug_check(armed(), "a handshake has a limit of time");
  established_ = true;
  loop_.timers.cancel(*this);
  if (side_ == Side::opened) {
    user_.on_connected(0);
  }
}

void TlsChannel::fail_handshake(int error) {
  check(!established_ && !ended_ && error != 0, "only a handshake under way fails");
  if (side_ == Side::accepted) {
    loop_.context.count_handshake_error();
  }
  broken_ = true;
  end(error);
}

void TlsChannel::expire() {
  role_.assume();
  debug_check(!armed(), "a timer that is due is not armed");
  log::debug("connection {}: TLS handshake took longer than ssl_handshake_timeout",
             poller_state.fd);
  fail_handshake(ETIMEDOUT);
}

/// Decrypts all that came, so that many small records are one call of the user.
void TlsChannel::receive_plain() {
  debug_check(established_ && !ended_, "records come after the handshake");
  const std::span<char> place = loop_.buffers.plain_input();
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
      debug_check(filled <= place.size(), "no more is decrypted than there is room");
      problem = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    }
    if (filled > 0) {
      user_.on_receive({place.data(), filled});
    }
    more = problem == SSL_ERROR_NONE;
    if (more || problem == SSL_ERROR_WANT_READ || closing_) {
      continue;
    }
    // The peer said goodbye, or broke the protocol: OpenSSL takes nothing more after that.
    broken_ = problem != SSL_ERROR_ZERO_RETURN;
    if (broken_) {
      log::debug("connection {}: TLS protocol broken: {}", poller_state.fd,
                 reason_or("unknown error"));
    }
    end(broken_ ? EPROTO : 0);
  }
}

void TlsChannel::on_end(int error) {
  role_.assume();
  debug_check(error >= 0, "an end has an errno value, or none");
  if (closing_) {
    return;
  }
  if (!established_) {
    // A client that connects and leaves without a word (a probe of a port) made no error.
    if (handshake_bytes_ > 0 && !ended_ && side_ == Side::accepted) {
      loop_.context.count_handshake_error();
    }
  }
  end(error);
}

/// Tells the user, once: that the connection is over, or that it could not be opened.
void TlsChannel::end(int error) {
  debug_check(!closing_, "a closed channel tells nothing");
  if (ended_) {
    return;
  }
  ended_ = true;
  loop_.timers.cancel(*this);
  if (side_ == Side::opened && !established_) {
    user_.on_connected(error != 0 ? error : ECONNRESET);
  } else {
    user_.on_end(error);
  }
}

void TlsChannel::send(std::span<const iovec> ranges) {
  role_.assume();
  check(plain_ == 0 && !closing_, "one send at a time, on an open stream");
  debug_check(!ranges.empty() && ranges.size() <= Poller::kMaxRanges,
              "a send has 1 to kMaxRanges ranges");
  plain_ = established_ && !broken_ ? encrypt(ranges) : 0;
  if (plain_ == 0) {
    user_.on_sent(0, EPIPE);
    return;
  }
  flush();
}

/// Encrypts the beginning of `ranges`; returns how much. Small ranges share a record.
size_t TlsChannel::encrypt(std::span<const iovec> ranges) {
  const std::span<char> record = loop_.buffers.record();
  const size_t limit = loop_.context.options().write_size;
  size_t left = limit;
  size_t done = 0;
  size_t gathered = 0;
  const auto write = [&](std::span<const char> plain) {
    role_.assume();
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
  debug_check(done <= limit, "a send encrypts at most ssl_wbuf_size");
  return done;
}

bool TlsChannel::write_record(std::span<const char> plain) {
  debug_check(!plain.empty() && established_ && !broken_, "a record has bytes, and can be written");
  size_t size = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &size);
  // put() takes everything, and there is no renegotiation: nothing is left half written.
  broken_ = broken_ || result != 1 || size != plain.size();
  return !broken_;
}

void TlsChannel::flush() {
  debug_check(!closing_, "a closed channel sends nothing more");
  if (in_flight_ == nullptr && pending_ != nullptr) {
    in_flight_ = std::move(pending_);
    sent_ = 0;
    send_rest();
  }
}

void TlsChannel::send_rest() {
  debug_check(sent_ < in_flight_->size(), "a send has bytes");
  const iovec rest{.iov_base = in_flight_->data() + sent_, .iov_len = in_flight_->size() - sent_};
  loop_.inner.send(*this, {&rest, 1});
}

void TlsChannel::on_sent(size_t size, int error) {
  role_.assume();
  debug_check(in_flight_ != nullptr && !closing_, "what was sent was under way");
  debug_check(size <= in_flight_->size() - sent_, "no more is sent than was asked");
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
  loop_.buffers.give_back(std::move(in_flight_));
  if (pending_ != nullptr) {
    flush();
  } else if (plain_ > 0) {
    user_.on_sent(std::exchange(plain_, 0), 0);
  }
}

void TlsChannel::close() {
  role_.assume();
  if (closing_) {
    return;
  }
  loop_.timers.cancel(*this);
  send_last();
  closing_ = true;
  loop_.inner.close(*this);
}

/// Sends an alert that tells why, or goodbye: as far as the socket takes it at once, since no peer
/// is waited for when its connection is closed.
void TlsChannel::send_last() {
  debug_check(!closing_ && !armed(), "the last bytes go before the socket is closed");
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

void TlsChannel::on_released() {
  role_.assume();
  check(closing_ && !armed(), "a channel is closed before it is released");
  loop_.owner.release(*this);
}

}  // namespace ember::server::net
