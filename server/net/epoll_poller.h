// SPDX-License-Identifier: BSD-3-Clause
// epoll_poller: the Poller for systems where io_uring is forbidden or too old. Level triggered, one
// receive buffer for the whole loop, sends at once, waiting for room only when a send was short.
#pragma once

#include <memory>

#include "base/result.h"
#include "server/net/poller.h"

namespace ember::server::net {

Result<std::unique_ptr<Poller>> open_epoll_poller(LoopHooks& hooks);

}  // namespace ember::server::net
