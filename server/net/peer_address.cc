// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>

namespace ember::server::net {

PeerAddress peer_address(int fd) {
  union {
    sockaddr any;
    sockaddr_in inet;
    sockaddr_in6 inet6;
    sockaddr_storage storage;
  } address{};
  socklen_t size = sizeof(address);
  PeerAddress peer;
  if (::getpeername(fd, &address.any, &size) != 0) {
    return peer;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (address.any.sa_family) {
    case AF_INET:
      ::inet_ntop(AF_INET, &address.inet.sin_addr, text.data(), text.size());
      peer = {PeerAddress::Transport::tcp, text.data(), ntohs(address.inet.sin_port)};
      break;
    case AF_INET6:
      ::inet_ntop(AF_INET6, &address.inet6.sin6_addr, text.data(), text.size());
      peer = {PeerAddress::Transport::tcp, text.data(), ntohs(address.inet6.sin6_port)};
      break;
    case AF_UNIX:
      peer.transport = PeerAddress::Transport::local;
      break;
    default:
      break;
  }
  return peer;
}

}  // namespace ember::server::net
