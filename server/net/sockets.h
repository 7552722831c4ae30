// SPDX-License-Identifier: BSD-3-Clause
// sockets: listening on TCP, UDP and Unix addresses, and the names of addresses as `stats conns`
// shows them. Not accepting: that is the poller's.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ember::server::net {

struct ListenSocket {
  ListenSocket() = default;
  ListenSocket(ListenSocket&&) = default;
  ListenSocket& operator=(ListenSocket&&) = default;
  /// Removes the file of a Unix socket.
  ~ListenSocket();

  Fd fd;
  /// "tcp:127.0.0.1:11211", "udp6:[::1]:11211", "unix:/run/ember.sock"
  std::string name;
  /// 0 for a Unix socket.
  uint16_t port = 0;
  bool inet6 = false;
  /// Somebody else's, who goes on with it: it is never shut down.
  bool lent = false;
  /// The file of a Unix socket, as long as it is this one's to remove, and which file that is: a
  /// successor may have put its own there.
  std::string path;
  dev_t path_device = 0;
  ino_t path_inode = 0;
};

/// What the sockets of a server have in common.
struct ListenOptions {
  int backlog = 1024;
  /// -o sock_cookie_id: SO_MARK, for firewall rules. 0: none. Done without where it is not
  /// permitted.
  uint32_t mark = 0;
};

struct TcpAddress {
  /// A name or an address without brackets; empty: every address of this machine.
  std::string host;
  /// 0: any free one.
  uint16_t port = 0;
};

/// Listens on every address that `address` stands for. Accepted connections send without delay and
/// are kept alive.
Result<std::vector<ListenSocket>> listen_tcp(const TcpAddress& address,
                                             const ListenOptions& options);

/// For every address that `address` stands for, `copies` datagram sockets in a row that share it:
/// the system gives all datagrams of one client to the same of them.
Result<std::vector<ListenSocket>> open_udp(const TcpAddress& address, size_t copies,
                                           const ListenOptions& options);

/// Listens at `path` with the permissions `mode`. A socket that nobody listens to any more is
/// replaced; any other file there is an error.
Result<ListenSocket> listen_unix(const std::string& path, mode_t mode,
                                 const ListenOptions& options);

/// Whether sockets may be marked with `mark`.
Result<void> check_mark(uint32_t mark);

/// The name of this end and of the other end of a connection, as in ListenSocket::name.
std::string local_name(int fd);
std::string peer_name(int fd);

}  // namespace ember::server::net
