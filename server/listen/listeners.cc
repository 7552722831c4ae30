// SPDX-License-Identifier: BSD-3-Clause
#include "server/listen/listeners.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace ember::server {
namespace {

Result<void> open_unix(const Options& options, const net::ListenOptions& how,
                       Listeners& listeners) {
  auto socket = net::listen_unix(options.unix_socket, options.unix_mask, how);
  if (!socket) {
    return fail(socket.error().message);
  }
  check(listeners.streams.empty(), "a Unix socket is the only one");
  listeners.streams.push_back(std::move(*socket));
  listeners.specs.emplace_back();
  return {};
}

/// Where `spec` is when -p, or -U, says `port` (-1: any).
net::TcpAddress address_of(const ListenAddress& spec, int32_t port) {
  const auto usual = static_cast<uint16_t>(port > 0 ? port : 0);
  return {.host = spec.host, .port = spec.port.value_or(usual)};
}

Result<void> open_tcp(const ListenAddress& spec, const Options& options,
                      const net::ListenOptions& how, Listeners& listeners) {
  auto sockets = net::listen_tcp(address_of(spec, options.tcp_port), how);
  if (!sockets) {
    return fail(sockets.error().message);
  }
  for (net::ListenSocket& socket : *sockets) {
    listeners.streams.push_back(std::move(socket));
    listeners.specs.push_back(spec);
  }
  check(listeners.streams.size() == listeners.specs.size(), "each socket knows what it is for");
  return {};
}

Result<void> open_udp(const ListenAddress& spec, const Options& options,
                      const net::ListenOptions& how, Listeners& listeners) {
  auto sockets = net::open_udp(address_of(spec, options.udp_port), options.threads, how);
  if (!sockets) {
    return fail(sockets.error().message);
  }
  for (net::ListenSocket& socket : *sockets) {
    listeners.datagrams.push_back(std::move(socket));
    listeners.datagram_specs.push_back(spec);
  }
  check(listeners.datagrams.size() == listeners.datagram_specs.size(),
        "each socket knows what it is for");
  check(listeners.datagrams.size() % options.threads == 0, "each worker has its socket");
  return {};
}

}  // namespace

Result<Listeners> open_listeners(const Options& options) {
  Listeners listeners;
  const net::ListenOptions how{.backlog = options.listen_backlog, .mark = options.socket_mark};
  if (auto marked = net::check_mark(options.socket_mark); !marked) {
    log::warning("{}; going on without", marked.error().message);
  }
  if (!options.unix_socket.empty()) {
    if (auto opened = open_unix(options, how, listeners); !opened) {
      return fail(opened.error().message);
    }
    return listeners;
  }
  std::vector<ListenAddress> specs = options.listen;
  if (specs.empty()) {
    specs.emplace_back();
  }
  // As memcached: -p 0 and -U 0 switch their transport off, a port in -l or not.
  for (const ListenAddress& spec : specs) {
    if (options.tcp_port != 0) {
      if (auto opened = open_tcp(spec, options, how, listeners); !opened) {
        return fail(opened.error().message);
      }
    }
  }
  for (const ListenAddress& spec : specs) {
    if (options.udp_port != 0) {
      if (auto opened = open_udp(spec, options, how, listeners); !opened) {
        return fail(opened.error().message);
      }
    }
  }
  return listeners;
}

}  // namespace ember::server
