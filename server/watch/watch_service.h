// SPDX-License-Identifier: BSD-3-Clause
// WatchService, WatchOutlet: the two ends of what `watch` needs of the server: somebody who makes
// lines of what the workers tell, and a way for those lines to a client's connection.
//
// Flow: a watcher that was given lines gets no more until heard() says that it has taken them. So
// what waits for it is bounded on both sides of the seam.
#pragma once

#include <cstdint>
#include <string>

namespace ember::server {

/// The loop of one worker: watchers' connections live there.
class WatchOutlet {
 public:
  virtual ~WatchOutlet() = default;
  /// Any thread. A watcher that is gone by now gets nothing.
  virtual void deliver(uint64_t watcher, std::string lines) = 0;
};

class WatchService {
 public:
  virtual ~WatchService() = default;

  /// A new watcher of `streams`, whose lines are to go to `outlet`. What happens from now on is
  /// told. 0 when there are too many. All three: any worker.
  virtual uint64_t admit(WatchOutlet& outlet, uint32_t streams) = 0;
  /// It has got all it was given.
  virtual void heard(uint64_t watcher) = 0;
  virtual void leave(uint64_t watcher) = 0;
};

}  // namespace ember::server
