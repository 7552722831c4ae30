// SPDX-License-Identifier: BSD-3-Clause
// Janitor: the order of the background's work. What is done is its duties'; what it does by itself
// is to note the time in the superblock and to keep old access clocks from wrapping.
//
// Threads: one calls maintain(), always the same: it has the role kJanitor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/background/move_request.h"
#include "storage/background/resizer.h"
#include "storage/background/sweeper.h"
#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/evict/page_balancer.h"
#include "storage/evict/page_mover.h"
#include "storage/link/reclaimer.h"
#include "storage/read/verifier.h"

namespace ember::storage {

class Janitor {
 public:
  /// Whose work it calls for; they outlive it.
  struct Duties {
    Reclaimer& reclaimer;
    Verifier& verifier;
    Sweeper& sweeper;
    PageMover& mover;
    MoveRequest& move_request;
    Resizer& resizer;
    PageBalancer& balancer;
  };
  Janitor(StoreCore& core, const Duties& duties) : core_(core), duties_(duties) {}

  /// One round, some hundred microseconds. Returns true if there is more to do.
  bool maintain(ThreadState& thread);

  /// Fills in the rounds.
  void add_to(StoreStats& stats) const {
    stats.janitor_rounds = rounds_.load(std::memory_order_relaxed);
  }

 private:
  bool round(ThreadState& thread) EMBER_REQUIRES(kJanitor);
  void note_time() EMBER_REQUIRES(kJanitor);
  void stop_access_clocks() EMBER_REQUIRES(kJanitor);

  StoreCore& core_;
  const Duties duties_;
  UnixSeconds noted_ EMBER_GUARDED_BY(kJanitor) = 0;
  size_t clock_bucket_ EMBER_GUARDED_BY(kJanitor) = 0;  // of the index, to go on with
  UnixSeconds clock_pass_ EMBER_GUARDED_BY(kJanitor) = 0;
  std::atomic<uint64_t> rounds_{0};
  std::atomic<bool> in_round_{false};
};

}  // namespace ember::storage
