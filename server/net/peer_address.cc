// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/peer_address.h"

#include "server/net/socket_address.h"

namespace ember::server::net {

PeerAddress peer_address(int fd) {
  const SocketAddress address = SocketAddress::of_peer(fd);
  switch (address.family()) {
    case AF_INET:
    case AF_INET6:
      return {PeerAddress::Transport::tcp, address.host(), address.port()};
    case AF_UNIX:
      return {.transport = PeerAddress::Transport::local};
    default:
      return {};
  }
}

}  // namespace ember::server::net
