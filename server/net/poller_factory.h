// SPDX-License-Identifier: BSD-3-Clause
// poller_factory: which poller this machine can have, and its opening. The seam itself, which all
// users of a poller know, is poller.h; only whoever makes a loop knows this file.
#pragma once

#include <memory>

#include "base/result.h"
#include "server/net/poller.h"

namespace ember::server::net {

/// Returns which kind to open on this machine. `automatic` tries io_uring and takes epoll when
/// io_uring is refused, with one log line that says why; `uring` is an error then.
/// Threads: any. Cost: opens and closes an io_uring.
Result<PollerKind> choose_poller(PollerKind wanted);

/// Opens the poller of the calling thread. `hooks` outlives it.
/// Requires: `kind` is one that choose_poller() returned.
/// Returns an error when the system refuses descriptors or memory.
Result<std::unique_ptr<Poller>> open_poller(PollerKind kind, LoopHooks& hooks);

}  // namespace ember::server::net
