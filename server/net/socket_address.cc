// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace ember::server::net {

SocketAddress::SocketAddress(const sockaddr& address, socklen_t size) : size_(size) {
  check(size <= sizeof(address_.storage), "an address fits in a sockaddr_storage");
  std::memcpy(&address_.storage, &address, size);
}

Result<SocketAddress> SocketAddress::inet(const std::string& host, uint16_t port) {
  SocketAddress address;
  if (::inet_pton(AF_INET, host.c_str(), &address.address_.inet.sin_addr) == 1) {
    address.address_.inet.sin_family = AF_INET;
    address.size_ = sizeof(address.address_.inet);
  } else if (::inet_pton(AF_INET6, host.c_str(), &address.address_.inet6.sin6_addr) == 1) {
    address.address_.inet6.sin6_family = AF_INET6;
    address.size_ = sizeof(address.address_.inet6);
  } else {
    return fail(fmt::format(
        "\"{}\" is no numeric address; write 127.0.0.1 or ::1, or let the name be resolved", host));
  }
  address.set_port(port);
  debug_check(address.size_ > 0 && address.port() == port, "an address has its port");
  return address;
}

Result<SocketAddress> SocketAddress::unix_socket(const std::string& path) {
  SocketAddress address;
  sockaddr_un& local = address.address_.local;
  if (path.empty()) {
    return fail("an empty path names no socket");
  }
  if (path.size() >= sizeof(local.sun_path)) {
    return fail(fmt::format("a socket's path has at most {} bytes", sizeof(local.sun_path) - 1));
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  address.size_ = sizeof(local);
  return address;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress address;
  socklen_t size = sizeof(address.address_);
  if (::getsockname(fd, &address.address_.any, &size) != 0) {
    return {};
  }
  check(size <= sizeof(address.address_), "an address fits in a sockaddr_storage");
  address.size_ = size;
  return address;
}

SocketAddress SocketAddress::of_peer(int fd) {
  SocketAddress address;
  socklen_t size = sizeof(address.address_);
  if (::getpeername(fd, &address.address_.any, &size) != 0) {
    return {};
  }
  check(size <= sizeof(address.address_), "an address fits in a sockaddr_storage");
  address.size_ = size;
  return address;
}

uint16_t SocketAddress::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(address_.inet.sin_port);
    case AF_INET6:
      return ntohs(address_.inet6.sin6_port);
    default:
      return 0;
  }
}

void SocketAddress::set_port(uint16_t port) {
  check(family() == AF_INET || family() == AF_INET6, "TCP and UDP have ports");
  (family() == AF_INET ? address_.inet.sin_port : address_.inet6.sin6_port) = htons(port);
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    ::inet_ntop(AF_INET, &address_.inet.sin_addr, text.data(), text.size());
  } else if (family() == AF_INET6) {
    ::inet_ntop(AF_INET6, &address_.inet6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::string SocketAddress::name(int type) const {
  const std::string_view transport = type == SOCK_DGRAM ? "udp" : "tcp";
  switch (family()) {
    case AF_INET:
      return fmt::format("{}:{}:{}", transport, host(), port());
    case AF_INET6:
      return fmt::format("{}6:[{}]:{}", transport, host(), port());
    case AF_UNIX: {
      constexpr socklen_t kPathOffset = offsetof(sockaddr_un, sun_path);
      const size_t room = size_ > kPathOffset ? size_ - kPathOffset : 0;
      const char* const path = address_.local.sun_path;
      return "unix:" + std::string(path, ::strnlen(path, room));
    }
    default:
      return "unknown";
  }
}

}  // namespace ember::server::net
