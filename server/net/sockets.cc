// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/sockets.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "base/check.h"
#include "server/net/socket_address.h"

namespace ember::server::net {
namespace {

constexpr int kUdpBufferSize = 4 << 20;

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

void set_option(int fd, int level, int name, int value = 1) {
  // What the system does not have is done without: none of these changes what is answered.
  ::setsockopt(fd, level, name, &value, sizeof(value));
}

bool set_mark(int fd, uint32_t mark) {
  return mark == 0 || ::setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

std::unexpected<Error> cannot_listen(const std::string& where, int error) {
  if (error == EADDRINUSE) {
    return fail(
        fmt::format("cannot listen on {}: the address is in use by another server; stop "
                    "that one (ss -ltunp shows it) or choose another with -p, -U, -l or -s",
                    where));
  }
  if (error == EACCES) {
    return fail(fmt::format(
        "cannot listen on {}: not permitted; a port below 1024 needs root or CAP_NET_BIND_SERVICE",
        where));
  }
  if (error == EADDRNOTAVAIL) {
    return fail(fmt::format(
        "cannot listen on {}: this machine has no such address; see `ip addr` and -l", where));
  }
  return fail_errno(fmt::format("cannot listen on {}", where), error);
}

/// bind(), which waits a little for an address in use: the kernel closes the sockets of a killed
/// process that used io_uring some milliseconds after the process is gone.
bool bind_patiently(int fd, const sockaddr* address, socklen_t size) {
  check(fd >= 0 && address != nullptr && size > 0, "a socket is bound to an address");
  constexpr int kAttempts = 50;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::bind(fd, address, size) == 0) {
      return true;
    }
    if (errno != EADDRINUSE) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  errno = EADDRINUSE;
  return false;
}

/// A socket bound to `info`. UDP sockets share the address with others of this user if `shared`.
Result<ListenSocket> bind_to(const addrinfo& info, const ListenOptions& options, bool shared) {
  const std::string where = SocketAddress(*info.ai_addr, info.ai_addrlen).name(info.ai_socktype);
  ListenSocket socket;
  socket.inet6 = info.ai_family == AF_INET6;
  socket.fd.reset(::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC, info.ai_protocol));
  const int fd = socket.fd.get();
  if (fd < 0) {
    return cannot_listen(where, errno);
  }
  check(!shared || info.ai_socktype == SOCK_DGRAM, "only datagram sockets share an address");
  if (info.ai_socktype == SOCK_STREAM) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  } else if (shared) {
    set_option(fd, SOL_SOCKET, SO_REUSEPORT);
  }
  if (socket.inet6) {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  }
  set_mark(fd, options.mark);  // see check_mark
  if (!bind_patiently(fd, info.ai_addr, info.ai_addrlen)) {
    return cannot_listen(where, errno);
  }
  const SocketAddress bound = SocketAddress::of_socket(fd);
  socket.name = bound.name(info.ai_socktype);
  socket.port = bound.port();
  return socket;
}

Result<ListenSocket> listen_on(const addrinfo& info, const ListenOptions& options) {
  auto socket = bind_to(info, options, false);
  if (!socket) {
    return socket;
  }
  const int fd = socket->fd.get();
  check(info.ai_socktype == SOCK_STREAM && fd >= 0, "stream sockets are listened on");
  // Accepted connections inherit these two.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  if (::listen(fd, options.backlog) != 0) {
    return cannot_listen(socket->name, errno);
  }
  return socket;
}

/// Adds `copies` sockets that share `info`'s address.
Result<void> open_copies(const addrinfo& info, size_t copies, const ListenOptions& options,
                         std::vector<ListenSocket>& sockets) {
  check(info.ai_socktype == SOCK_DGRAM && copies > 0, "datagram sockets have copies");
  SocketAddress address(*info.ai_addr, info.ai_addrlen);
  {
    // Alone first: sharing would also be granted beside another server.
    auto alone = bind_to(info, options, false);
    if (!alone) {
      return fail(alone.error().message);
    }
    address.set_port(alone->port);
  }
  addrinfo chosen = info;
  chosen.ai_addr = const_cast<sockaddr*>(address.any());
  for (size_t i = 0; i < copies; ++i) {
    auto socket = bind_to(chosen, options, true);
    if (!socket) {
      return fail(socket.error().message);
    }
    const int fd = socket->fd.get();
    // Which of this machine's addresses was asked; the answer comes from there.
    if (socket->inet6) {
      set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    } else {
      set_option(fd, IPPROTO_IP, IP_PKTINFO);
    }
    // Requests that come while others are served, and replies of many datagrams; as much of it as
    // the system grants (net.core.rmem_max, wmem_max).
    set_option(fd, SOL_SOCKET, SO_RCVBUF, kUdpBufferSize);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, kUdpBufferSize);
    sockets.push_back(std::move(*socket));
  }
  return {};
}

Result<AddressList> resolve(const TcpAddress& address, int type) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  const int result = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                   port.c_str(), &hints, &list);
  if (result != 0) {
    return fail(fmt::format("cannot resolve {} (-l): {}", address.host, ::gai_strerror(result)));
  }
  check(list != nullptr, "a name that is resolved has an address");
  return AddressList(list);
}

/// Whether a server answers at the Unix socket `address`.
bool answers(const SocketAddress& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe && ::connect(probe.get(), address.any(), address.size()) == 0;
}

/// Makes way at `path` if only a dead server's socket lies there.
Result<void> remove_stale(const std::string& path, const SocketAddress& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return {};
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(
        fmt::format("cannot listen on {}: a file that is no socket lies there; move it "
                    "away or choose another path with -s",
                    path));
  }
  if (answers(address)) {
    return cannot_listen("unix:" + path, EADDRINUSE);
  }
  if (::unlink(path.c_str()) != 0) {
    return fail_errno(fmt::format("cannot remove the stale socket {}", path), errno);
  }
  return {};
}

}  // namespace

ListenSocket::~ListenSocket() {
  struct stat status{};
  if (!path.empty() && ::lstat(path.c_str(), &status) == 0 && status.st_dev == path_device &&
      status.st_ino == path_inode) {
    ::unlink(path.c_str());
  }
}

namespace {

/// Calls `open` for every address that `address` stands for.
template <typename Open>
Result<void> for_each_address(const TcpAddress& address, int type, const Open& open) {
  auto list = resolve(address, type);
  if (!list) {
    return fail(list.error().message);
  }
  bool any = false;
  for (const addrinfo* info = list->get(); info != nullptr; info = info->ai_next) {
    if (auto opened = open(*info); opened) {
      any = true;
    } else if (address.host.empty() && info->ai_family == AF_INET6 && errno != EADDRINUSE) {
      // "Every address" of a machine without IPv6 is every address it has.
      continue;
    } else {
      return opened;
    }
  }
  return any ? Result<void>()
             : fail(fmt::format("cannot listen on port {}: this machine has no addresses",
                                address.port));
}

}  // namespace

Result<std::vector<ListenSocket>> listen_tcp(const TcpAddress& address,
                                             const ListenOptions& options) {
  std::vector<ListenSocket> sockets;
  auto opened = for_each_address(address, SOCK_STREAM, [&](const addrinfo& info) -> Result<void> {
    auto socket = listen_on(info, options);
    if (!socket) {
      return fail(socket.error().message);
    }
    sockets.push_back(std::move(*socket));
    return {};
  });
  if (!opened) {
    return fail(opened.error().message);
  }
  return sockets;
}

Result<std::vector<ListenSocket>> open_udp(const TcpAddress& address, size_t copies,
                                           const ListenOptions& options) {
  std::vector<ListenSocket> sockets;
  auto opened = for_each_address(address, SOCK_DGRAM, [&](const addrinfo& info) {
    return open_copies(info, copies, options, sockets);
  });
  if (!opened) {
    return fail(opened.error().message);
  }
  return sockets;
}

Result<ListenSocket> listen_unix(const std::string& path, mode_t mode,
                                 const ListenOptions& options) {
  const auto address = SocketAddress::unix_socket(path);
  if (!address) {
    return fail(fmt::format("cannot listen on {}: {}", path, address.error().message));
  }
  if (auto removed = remove_stale(path, *address); !removed) {
    return fail(removed.error().message);
  }
  ListenSocket socket;
  socket.name = "unix:" + path;
  socket.fd.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.fd) {
    return cannot_listen(socket.name, errno);
  }
  if (!bind_patiently(socket.fd.get(), address->any(), address->size())) {
    return cannot_listen(socket.name, errno);
  }
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return cannot_listen(socket.name, errno);
  }
  socket.path = path;
  socket.path_device = status.st_dev;
  socket.path_inode = status.st_ino;
  // Nobody can connect before listen(), so the permissions are right from the first connection on.
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket.fd.get(), options.backlog) != 0) {
    return cannot_listen(socket.name, errno);
  }
  return socket;
}

Result<void> check_mark(uint32_t mark) {
  const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!set_mark(probe.get(), mark)) {
    return fail_errno("cannot mark sockets (-o sock_cookie_id; it needs CAP_NET_ADMIN)", errno);
  }
  return {};
}

std::string local_name(int fd) {
  int type = SOCK_STREAM;
  socklen_t type_size = sizeof(type);
  ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
  return SocketAddress::of_socket(fd).name(type);
}

std::string peer_name(int fd) { return SocketAddress::of_peer(fd).name(); }

}  // namespace ember::server::net
