// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/poller.h"

#include "base/check.h"

namespace ember::server::net {

void Stream::on_connected(int /*error*/) {
  check(false, "whoever connects a stream is told of its connection");
}

std::string_view name_of(PollerKind kind) {
  switch (kind) {
    case PollerKind::uring:
      return "io_uring";
    case PollerKind::epoll:
      return "epoll";
    case PollerKind::automatic:
      break;
  }
  return "auto";
}

}  // namespace ember::server::net
