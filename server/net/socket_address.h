// SPDX-License-Identifier: BSD-3-Clause
// SocketAddress: one address of a socket, of TCP, UDP or a Unix socket, as the system wants it; and
// its name, as `stats conns` shows it. Not a host's name: that is resolved before, perhaps to many
// of these.
//
// A value: copied freely, compared by nobody. Threads: any.
// Cost: 136 bytes; no call but of_socket() and of_peer() asks the system.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ember::server::net {

class SocketAddress {
 public:
  /// No address: family() is AF_UNSPEC.
  SocketAddress() : size_(0) {}

  /// The address that the system gave, as in addrinfo.
  /// Requires: `size` is at most that of a sockaddr_storage.
  SocketAddress(const sockaddr& address, socklen_t size);

  /// Of a numeric host, IPv4 or IPv6 without brackets. Returns an error that names the host if it
  /// is something else.
  static Result<SocketAddress> inet(const std::string& host, uint16_t port);

  /// Of the Unix socket at `path`. Returns an error if no socket can have that path.
  static Result<SocketAddress> unix_socket(const std::string& path);

  /// The address of the socket `fd`, and of its peer. Without one (not connected, or reset since):
  /// no address.
  static SocketAddress of_socket(int fd);
  static SocketAddress of_peer(int fd);

  int family() const { return any()->sa_family; }
  const sockaddr* any() const { return &address_.any; }
  socklen_t size() const { return size_; }

  /// Returns the port; 0 for a Unix socket.
  uint16_t port() const;
  /// The same address with another port. Requires: not a Unix socket.
  void set_port(uint16_t port);

  /// Returns the host in figures, without brackets; empty for a Unix socket.
  std::string host() const;

  /// Returns "tcp:127.0.0.1:11211", "udp6:[::1]:11211" or "unix:/run/ember.sock"; "unknown" without
  /// an address. `type` is SOCK_STREAM or SOCK_DGRAM.
  std::string name(int type = SOCK_STREAM) const;

 private:
  union {
    sockaddr any;
    sockaddr_in inet;
    sockaddr_in6 inet6;
    sockaddr_un local;
    sockaddr_storage storage;
  } address_{.storage = {}};
  socklen_t size_;
};

}  // namespace ember::server::net
