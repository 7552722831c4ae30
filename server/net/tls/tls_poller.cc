// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_poller.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace ember::server::net {
namespace {

// OpenSSL reads and writes through a BIO; this one is the channel.

TlsChannel& channel_behind(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int bio_read(BIO* bio, char* place, int size) {
  BIO_clear_retry_flags(bio);
  const auto room = static_cast<size_t>(std::max(size, 0));
  const size_t taken = channel_behind(bio).take({place, room});
  debug_check(taken <= room, "no more is taken than there is room");
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
    : method_(std::move(method)),
      inner_(std::move(inner)),
      loop_{.inner = *inner_, .context = context, .timers = timers, .owner = *this} {
  check(method_ != nullptr, "OpenSSL's input and output are there");
  BIO_meth_set_create(method_.get(), bio_create);
  BIO_meth_set_read(method_.get(), bio_read);
  BIO_meth_set_write(method_.get(), bio_write);
  BIO_meth_set_ctrl(method_.get(), bio_control);
}

TlsPoller::~TlsPoller() = default;

Result<std::unique_ptr<TlsPoller>> TlsPoller::open(std::unique_ptr<Poller> inner,
                                                   TlsContext& context, Timers& timers) {
  check(inner != nullptr, "there is a poller behind TLS");
  MethodPtr method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "ember"));
  if (method == nullptr) {
    return fail_errno("cannot make OpenSSL's input and output", ENOMEM);
  }
  return std::unique_ptr<TlsPoller>(
      new TlsPoller(std::move(inner), context, timers, std::move(method)));
}

/// Returns `ssl` with this poller's input and output; null without memory.
SslPtr TlsPoller::attach_bio(SslPtr ssl) const {
  BIO* const bio = ssl != nullptr ? BIO_new(method_.get()) : nullptr;
  if (bio == nullptr) {
    return nullptr;
  }
  SSL_set_bio(ssl.get(), bio, bio);  // which owns it
  return ssl;
}

TlsChannel& TlsPoller::make_channel(Stream& stream, int fd, SslPtr ssl, TlsChannel::Side side) {
  check(fd >= 0, "a channel has a socket");
  const Security security = stream.poller_state.security;
  debug_check(security != Security::plain, "only streams with TLS have channels");
  stream.poller_state = {};
  stream.poller_state.security = security;
  stream.poller_state.fd = fd;
  const auto at = static_cast<size_t>(fd);
  if (channels_.size() <= at) {
    channels_.resize(at + 1);
  }
  check(channels_[at] == nullptr, "a descriptor has one channel");
  BIO* const bio = ssl != nullptr ? SSL_get_rbio(ssl.get()) : nullptr;
  channels_[at] = std::make_unique<TlsChannel>(loop_, stream, std::move(ssl), side);
  if (bio != nullptr) {
    BIO_set_data(bio, channels_[at].get());
  }
  return *channels_[at];
}

void TlsPoller::add(Stream& stream, Fd connection) {
  role_.assume();
  debug_check(static_cast<bool>(connection), "a stream has a socket");
  const Security security = stream.poller_state.security;
  if (security == Security::plain) {
    inner_->add(stream, std::move(connection));
    return;
  }
  SslPtr ssl = attach_bio(loop_.context.accept(security));
  if (ssl == nullptr) {
    // Nothing is received or sent without encryption: its user closes it at once.
    inner_->add(stream, std::move(connection));
    stream.on_end(ENOMEM);
    return;
  }
  TlsChannel& channel =
      make_channel(stream, connection.get(), std::move(ssl), TlsChannel::Side::accepted);
  channel.limit_handshake();
  inner_->add(channel, std::move(connection));
}

void TlsPoller::connect(Stream& stream, Fd socket, const SocketAddress& address) {
  role_.assume();
  if (stream.poller_state.security == Security::plain) {
    inner_->connect(stream, std::move(socket), address);
    return;
  }
  const std::string_view name = stream.server_name();
  SslPtr ssl = attach_bio(loop_.context.connect(name.empty() ? address.host() : std::string(name)));
  TlsChannel& channel =
      make_channel(stream, socket.get(), std::move(ssl), TlsChannel::Side::opened);
  inner_->connect(channel, std::move(socket), address);
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

void TlsPoller::release(TlsChannel& channel) {
  role_.assume();
  Stream& user = channel.user();
  const auto at = static_cast<size_t>(std::exchange(user.poller_state.fd, -1));
  check(at < channels_.size() && channels_[at].get() == &channel, "a channel is released once");
  check(!channel.armed(), "a channel that goes has no limit of time");
  user.poller_state.security = Security::plain;
  const std::unique_ptr<TlsChannel> gone = std::move(channels_[at]);
  user.on_released();
}

}  // namespace ember::server::net
