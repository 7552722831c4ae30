// SPDX-License-Identifier: BSD-3-Clause
#include "server/listen/passed_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ranges>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::server {
namespace {

/// The first one passed (SD_LISTEN_FDS_START).
constexpr int kFirst = 3;
constexpr uint64_t kMost = 1024;

/// A variable's value, taken from the environment.
std::string take(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

int option_of(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

void switch_on(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof(on));
}

ListenAddress spec_of(std::string_view name) {
  ListenAddress spec;
  for (const auto part : std::views::split(name, '.')) {
    const std::string_view word(part.begin(), part.end());
    if (word == "notls") {
      spec.tls = TlsMode::off;
    } else if (word == "btls") {
      spec.tls = TlsMode::on;
    } else if (word == "mtls") {
      spec.tls = TlsMode::mutual;
    } else if (word == "ascii") {
      spec.protocol = Protocol::ascii;
    } else if (word == "binary") {
      spec.protocol = Protocol::binary;
    } else if (word == "auto") {
      spec.protocol = Protocol::automatic;
    }
  }
  return spec;
}

net::ListenSocket described(Fd fd) {
  check(static_cast<bool>(fd), "a socket that was passed is open");
  net::ListenSocket socket;
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  socket.inet6 = address.ss_family == AF_INET6;
  if (socket.inet6) {
    socket.port = ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  } else if (address.ss_family == AF_INET) {
    socket.port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  // systemd passes them as NonBlocking= says: blocking, unless asked. A worker must never wait.
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  socket.name = net::local_name(fd.get());
  socket.fd = std::move(fd);
  socket.lent = true;
  return socket;
}

Result<void> adopt_datagram(const PassedSocket& passed, size_t workers, Listeners& listeners) {
  for (size_t i = 0; i < workers; ++i) {
    Fd copy(::fcntl(passed.fd.get(), F_DUPFD_CLOEXEC, kFirst));
    if (!copy) {
      return fail_errno("cannot copy a socket that was passed (LISTEN_FDS); raise ulimit -n",
                        errno);
    }
    net::ListenSocket socket = described(std::move(copy));
    // Which of this machine's addresses was asked; the answer comes from there.
    switch_on(socket.fd.get(), socket.inet6 ? IPPROTO_IPV6 : IPPROTO_IP,
              socket.inet6 ? IPV6_RECVPKTINFO : IP_PKTINFO);
    listeners.datagrams.push_back(std::move(socket));
    listeners.datagram_specs.push_back(spec_of(passed.name));
  }
  return {};
}

}  // namespace

Result<std::vector<PassedSocket>> take_passed_sockets() {
  const auto process = parse_u64(take("LISTEN_PID"));
  const std::string text = take("LISTEN_FDS");
  const std::string names = take("LISTEN_FDNAMES");
  std::vector<PassedSocket> sockets;
  if (text.empty() || !process || *process != static_cast<uint64_t>(::getpid())) {
    return sockets;  // none, or somebody else's
  }
  const auto count = parse_u64(text);
  if (!count || *count > kMost) {
    return fail(
        fmt::format("LISTEN_FDS is \"{}\", which is no number of sockets; let systemd set "
                    "it, or unset it",
                    text));
  }
  std::string_view rest = names;
  for (int fd = kFirst; fd < kFirst + static_cast<int>(*count); ++fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return fail_errno(fmt::format("descriptor {}, which LISTEN_FDS tells of, is not open; let "
                                    "systemd pass it, or unset LISTEN_FDS",
                                    fd),
                        errno);
    }
    const size_t colon = std::min(rest.find(':'), rest.size());
    sockets.push_back({.fd = Fd(fd), .name = std::string(rest.substr(0, colon))});
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  check(sockets.size() == *count, "all sockets that were passed are taken");
  return sockets;
}

Result<Listeners> adopt_sockets(std::vector<PassedSocket> sockets, size_t workers) {
  check(workers > 0, "datagrams have a worker");
  Listeners listeners;
  for (PassedSocket& passed : sockets) {
    const int fd = passed.fd.get();
    const int type = option_of(fd, SO_TYPE);
    if (type == SOCK_DGRAM && option_of(fd, SO_DOMAIN) != AF_UNIX) {
      if (auto adopted = adopt_datagram(passed, workers, listeners); !adopted) {
        return std::unexpected(adopted.error());
      }
    } else if (type == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) == 1) {
      // Accepted connections inherit these two.
      switch_on(fd, SOL_SOCKET, SO_KEEPALIVE);
      switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
      listeners.streams.push_back(described(std::move(passed.fd)));
      listeners.specs.push_back(spec_of(passed.name));
    } else {
      return fail(
          fmt::format("descriptor {} ({}), which LISTEN_FDS tells of, is no listening TCP or "
                      "Unix socket and no UDP socket; use ListenStream= or ListenDatagram=, "
                      "and Accept=no",
                      fd, passed.name));
    }
  }
  return listeners;
}

}  // namespace ember::server
