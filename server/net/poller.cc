// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/poller.h"

#include "base/check.h"

namespace ember::server::net {

void Stream::on_connected(int /*error*/) {
  check(false, "whoever connects a stream is told of its connection");
}

size_t size_of(std::span<const iovec> ranges) {
  size_t size = 0;
  for (const iovec& range : ranges) {
    size += range.iov_len;
  }
  return size;
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
