// SPDX-License-Identifier: BSD-3-Clause
// StoreLog: reports to watchers what the store does beside what commands ask of it, while a thread
// calls it: items evicted, pages that change their class. The only link between storage's observer
// and server/watch, which know nothing of each other.
//
// Threads: on_eviction() and on_page_move() on the thread whose WatchLog it has; made and
// destroyed on any.
// Ownership: the log outlives it; it outlives the StoreThread that it observes.
// Cost: while nobody watches evictions or system events it is not armed, and is not called.
#pragma once

#include <cstdint>

#include "server/watch/watch_log.h"
#include "storage/core/store_observer.h"

namespace ember::server::command {

class StoreLog final : public storage::StoreObserver {
 public:
  /// Follows what is watched in `log`. Requires: `log` has no other follower.
  explicit StoreLog(WatchLog& log);
  ~StoreLog() override;
  StoreLog(const StoreLog&) = delete;
  StoreLog& operator=(const StoreLog&) = delete;

  void on_eviction(const Eviction& eviction) override;
  void on_page_move(uint8_t from, uint8_t to) override;

 private:
  WatchLog& log_;
};

}  // namespace ember::server::command
