// SPDX-License-Identifier: BSD-3-Clause
// WatchService, WatchOutlet: the two ends of what `watch` needs of the server: a service that makes
// lines of what the workers report, and a way for those lines to a client's connection. Not the
// `watch` command (watch_sessions.h), nor the thread behind the service (watch_hub.h).
//
// Flow: a watcher that was given lines gets no more until reported() says that its connection has
// sent them. So what waits for it is bounded on both sides of the seam.
#pragma once

#include <cstdint>
#include <string>

#include "server/watch/watch_event.h"

namespace ember::server {

/// The loop of one worker: watchers' connections live there.
class WatchOutlet {
 public:
  virtual ~WatchOutlet() = default;
  /// Hands over lines for a watcher; a watcher that is gone by now gets nothing. Any thread.
  virtual void deliver(uint64_t watcher, std::string lines) = 0;
};

/// Threads: any worker may call any of it.
class WatchService {
 public:
  virtual ~WatchService() = default;

  /// A new watcher of `streams`, whose lines go to `outlet`: all that happens from now on. Returns
  /// its id, or 0 when there are too many watchers. `outlet` lives until the service has stopped.
  virtual uint64_t admit(WatchOutlet& outlet, WatchStream streams) = 0;
  /// The watcher's connection has sent all the lines that were delivered. Of a watcher that has
  /// left: nothing happens.
  virtual void reported(uint64_t watcher) = 0;
  /// The watcher is gone. Nothing happens when it has left already.
  virtual void leave(uint64_t watcher) = 0;
};

}  // namespace ember::server
