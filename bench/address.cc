// SPDX-License-Identifier: BSD-3-Clause
#include "bench/address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace ember::bench {

Result<Address> Address::parse(std::string_view text) {
  Address address;
  address.text_ = text;
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    sockaddr_un name{};
    if (path.empty() || path.size() >= sizeof(name.sun_path)) {
      return fail(fmt::format("'{}': the path of a Unix socket has 1 to {} bytes", text,
                              sizeof(name.sun_path) - 1));
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    std::memcpy(&address.storage_, &name, sizeof(name));
    address.size_ = sizeof(name);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(fmt::format("'{}' is neither HOST:PORT nor unix:PATH", text));
  }
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(host.c_str(), std::string(text.substr(colon + 1)).c_str(), &hints, &found);
  if (error != 0) {
    return fail(fmt::format("cannot resolve '{}': {}", text, gai_strerror(error)));
  }
  check(found->ai_addrlen <= sizeof(address.storage_), "there is room for every kind of address");
  std::memcpy(&address.storage_, found->ai_addr, found->ai_addrlen);
  address.size_ = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

Result<Fd> Address::connect() const {
  check(size_ > 0, "an address is parsed before it is connected to");
  Fd fd(socket(storage_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) {
    return fail_errno("cannot make a socket (ulimit -n?)", errno);
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage_), size_) != 0) {
    return fail_errno(fmt::format("cannot connect to {}", text_), errno);
  }
  if (storage_.ss_family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return fd;
}

}  // namespace ember::bench
