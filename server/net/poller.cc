// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/poller.h"

#include "base/check.h"
#include "base/log.h"
#include "server/net/epoll_poller.h"
#include "server/net/ring.h"
#include "server/net/uring_poller.h"

namespace ember::server::net {

void Stream::on_connected(int /*error*/) {
  check(false, "whoever connects a stream is told of its connection");
}

Result<PollerKind> choose_poller(PollerKind wanted) {
  if (wanted == PollerKind::epoll) {
    return PollerKind::epoll;
  }
  const Result<void> usable = probe_uring();
  if (usable) {
    return PollerKind::uring;
  }
  if (wanted == PollerKind::uring) {
    return fail(usable.error().message);
  }
  log::info("using epoll: {}", usable.error().message);
  return PollerKind::epoll;
}

Result<std::unique_ptr<Poller>> open_poller(PollerKind kind, LoopHooks& hooks) {
  if (kind == PollerKind::epoll) {
    return open_epoll_poller(hooks);
  }
  return open_uring_poller(hooks);
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
