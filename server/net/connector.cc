// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/connector.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "base/check.h"

namespace ember::server::net {

void OutgoingStream::on_connected(int error) {
  check(connector != nullptr, "a stream that connects has its connector");
  connector->finish(*this, error);
}

Result<void> Connector::connect(OutgoingStream& stream, const SocketAddress& address,
                                uint32_t timeout_ms) {
  check(stream.connector == nullptr && !stream.armed(), "a stream connects once at a time");
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return fail_errno("cannot make a socket for " + address.name(), errno);
  }
  if (address.family() != AF_UNIX) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  }
  stream.connector = this;
  timers_.arm_in(stream, timeout_ms, *this);
  poller_.connect(stream, std::move(socket), address);
  return {};
}

void Connector::cancel(OutgoingStream& stream) {
  check(stream.connector == this, "only a stream that connects is cancelled");
  stream.connector = nullptr;
  timers_.cancel(stream);
  poller_.close(stream);
}

void Connector::finish(OutgoingStream& stream, int error) {
  check(stream.connector == this, "a stream's connect is over once");
  stream.connector = nullptr;
  timers_.cancel(stream);
  if (error != 0) {
    poller_.close(stream);
  }
  stream.on_open(error);
}

}  // namespace ember::server::net
