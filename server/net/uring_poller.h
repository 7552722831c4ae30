// SPDX-License-Identifier: BSD-3-Clause
// uring_poller: the Poller of first choice: one io_uring a loop, multishot accept and receive into
// a ring of provided buffers, everything asked for in a turn submitted with the wait.
#pragma once

#include <memory>

#include "base/result.h"
#include "server/net/poller.h"

namespace ember::server::net {

Result<std::unique_ptr<Poller>> open_uring_poller(LoopHooks& hooks);

}  // namespace ember::server::net
