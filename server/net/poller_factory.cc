// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/poller_factory.h"

#include "base/check.h"
#include "base/log.h"
#include "server/net/epoll_poller.h"
#include "server/net/ring.h"
#include "server/net/uring_poller.h"

namespace ember::server::net {

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
  check(kind != PollerKind::automatic, "a poller's kind is chosen before it is opened");
  return kind == PollerKind::epoll ? open_epoll_poller(hooks) : open_uring_poller(hooks);
}

}  // namespace ember::server::net
