// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_poller.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace ember::server::net {
namespace {

/// Buffers kept for reuse, and the largest that is kept.
constexpr size_t kKeptBuffers = 64;
constexpr size_t kLargestKept = 64 * kKiB;
/// Room for a record of 16 KiB with what TLS puts around it, and for a few small ones.
constexpr size_t kBufferSize = 17 * kKiB;

// OpenSSL reads and writes through a BIO; this one is the channel.

TlsChannel& channel_behind(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int bio_read(BIO* bio, char* place, int size) {
  BIO_clear_retry_flags(bio);
  const size_t taken = channel_behind(bio).take({place, static_cast<size_t>(std::max(size, 0))});
  if (taken == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  return static_cast<int>(taken);
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  channel_behind(bio).put({bytes, static_cast<size_t>(std::max(size, 0))});
  return size;
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

TlsPoller::TlsPoller(std::unique_ptr<Poller> inner, TlsContext& context, Timers& timers,
                     MethodPtr method)
    : context_(context), timers_(timers), method_(std::move(method)), inner_(std::move(inner)) {
  BIO_meth_set_create(method_.get(), bio_create);
  BIO_meth_set_read(method_.get(), bio_read);
  BIO_meth_set_write(method_.get(), bio_write);
  BIO_meth_set_ctrl(method_.get(), bio_control);
}

TlsPoller::~TlsPoller() = default;

Result<std::unique_ptr<TlsPoller>> TlsPoller::open(std::unique_ptr<Poller> inner,
                                                   TlsContext& context, Timers& timers) {
  MethodPtr method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "ember"));
  if (method == nullptr) {
    return fail_errno("cannot make OpenSSL's input and output", ENOMEM);
  }
  return std::unique_ptr<TlsPoller>(
      new TlsPoller(std::move(inner), context, timers, std::move(method)));
}

SslPtr TlsPoller::connect(Security security) {
  SslPtr ssl = context_.connect(security);
  BIO* const bio = ssl != nullptr ? BIO_new(method_.get()) : nullptr;
  if (bio == nullptr) {
    return nullptr;
  }
  SSL_set_bio(ssl.get(), bio, bio);  // which owns it
  return ssl;
}

void TlsPoller::add(Stream& stream, Fd connection) {
  const Security security = stream.poller_state.security;
  if (security == Security::plain) {
    inner_->add(stream, std::move(connection));
    return;
  }
  SslPtr ssl = connect(security);
  if (ssl == nullptr) {
    // Nothing is heard or said without encryption: its user closes it at once.
    inner_->add(stream, std::move(connection));
    stream.on_end(ENOMEM);
    return;
  }
  stream.poller_state = {};
  stream.poller_state.security = security;
  stream.poller_state.fd = connection.get();
  const auto at = static_cast<size_t>(connection.get());
  if (channels_.size() <= at) {
    channels_.resize(at + 1);
  }
  check(channels_[at] == nullptr, "a descriptor has one channel");
  BIO* const bio = SSL_get_rbio(ssl.get());
  channels_[at] = std::make_unique<TlsChannel>(*this, stream, std::move(ssl));
  TlsChannel& channel = *channels_[at];
  BIO_set_data(bio, &channel);
  timers_.arm_in(channel, uint64_t{context_.options().handshake_timeout_s} * 1000, *this);
  inner_->add(channel, std::move(connection));
}

void TlsPoller::send(Stream& stream, std::span<const iovec> ranges) {
  if (TlsChannel* const channel = channel_of(stream); channel != nullptr) {
    channel->send(ranges);
  } else {
    inner_->send(stream, ranges);
  }
}

void TlsPoller::close(Stream& stream) {
  if (TlsChannel* const channel = channel_of(stream); channel != nullptr) {
    channel->close();
  } else {
    inner_->close(stream);
  }
}

void TlsPoller::handshake_over(TlsChannel& channel) { timers_.cancel(channel); }

void TlsPoller::release(TlsChannel& channel) {
  Stream& user = channel.user();
  const auto at = static_cast<size_t>(std::exchange(user.poller_state.fd, -1));
  user.poller_state.security = Security::plain;
  handshake_over(channel);
  const std::unique_ptr<TlsChannel> gone = std::move(channels_[at]);
  user.on_released();
}

std::unique_ptr<std::vector<char>> TlsPoller::take_buffer() {
  if (free_buffers_.empty()) {
    auto buffer = std::make_unique<std::vector<char>>();
    buffer->reserve(kBufferSize);
    return buffer;
  }
  auto buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

void TlsPoller::give_buffer(std::unique_ptr<std::vector<char>> buffer) {
  if (free_buffers_.size() < kKeptBuffers && buffer->capacity() <= kLargestKept) {
    buffer->clear();
    free_buffers_.push_back(std::move(buffer));
  }
}

}  // namespace ember::server::net
