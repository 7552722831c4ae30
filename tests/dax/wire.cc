// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dax/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace ember::dax {

Result<Wire> Wire::connect(uint16_t port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("cannot make a socket", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno("cannot connect to the server on the loopback (is it started?)", errno);
  }
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return Wire(std::move(socket));
}

bool Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Wire::read_more() {
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    received_.append(bytes.data(), static_cast<size_t>(got));
    return true;
  }
}

std::optional<protocol::Reply> Wire::reply() {
  using Stop = protocol::ReplyParser::Stop;
  received_.erase(0, consumed_);
  consumed_ = 0;
  for (;;) {
    protocol::Reply reply;
    const auto step = parser_.parse(received_, reply);
    if (step.stop == Stop::reply) {
      consumed_ = step.consumed;
      return reply;
    }
    if (step.stop != Stop::more_input || !read_more()) return std::nullopt;
  }
}

}  // namespace ember::dax
