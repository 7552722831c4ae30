// SPDX-License-Identifier: BSD-3-Clause
// FlushHorizon: which items flush_all has ended: those whose place in the order of writes is not
// beyond the horizon. No item is visited; the horizon moves. It ends no item itself: readers judge
// by the horizon, the janitor removes.
//
// Race: a writer reads item A, flush_all runs, the writer publishes B made from A with a later
// sequence, and A's data survives. So a writer reads turn() before A, takes its sequence, and
// starts again if turn() has changed (same_turn).
//
// Ownership: refers to the clock and to the order of writes, which outlive it.
// Threads: any. Cost: readers pay two relaxed loads of lines that only flushes write.
// Lock order: its mutex after an index bucket, before the superblock's.
// Persistence: `keep` (restore) is called before a change counts.
// Invariants: the horizon only moves forward; the turn is odd while it moves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/order/write_order.h"

namespace ember::storage {

class FlushHorizon {
 public:
  /// Needs both for its whole life.
  FlushHorizon(const Clock& clock, const WriteOrder& order) : clock_(clock), order_(order) {}

  /// Ends all items there are: now, if `when` is not in the future, else at second `when`. Replaces
  /// a flush that is still to come; applies one that was due.
  void flush(UnixSeconds when) EMBER_EXCLUDES(mutex_);

  /// Applies a flush whose time has come. Call it before anything is judged by the horizon.
  void apply_due_flush() {
    if (due_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      flush_if_due();
    }
  }

  /// Takes over what an earlier process left. From then on `keep(horizon, due)` is called with each
  /// change, before the change counts. Requires: no item was judged yet.
  using Keep = std::function<void(uint64_t horizon, UnixSeconds due)>;
  void restore(uint64_t horizon, UnixSeconds due, Keep keep) EMBER_EXCLUDES(mutex_);

  /// Returns the last sequence that is flushed; 0 as long as there was no flush: then no item's
  /// sequence need be read.
  uint64_t value() const { return horizon_.load(std::memory_order_acquire); }

  /// Returns the turn, for a writer to remember. Waits while a flush is under way.
  uint64_t turn() EMBER_EXCLUDES(mutex_);
  /// Returns whether no flush has begun since turn() returned `turn`.
  bool same_turn(uint64_t turn) const { return turn_.load() == turn; }

 private:
  void flush_if_due() EMBER_EXCLUDES(mutex_);
  void move() EMBER_REQUIRES(mutex_);
  void keep(uint64_t horizon, UnixSeconds due) EMBER_REQUIRES(mutex_);

  const Clock& clock_;
  const WriteOrder& order_;
  Mutex mutex_;
  Keep keep_ EMBER_GUARDED_BY(mutex_);
  alignas(kCacheLineSize) std::atomic<uint64_t> horizon_{0};
  std::atomic<uint64_t> turn_{0};    // odd while a flush is under way
  std::atomic<UnixSeconds> due_{0};  // 0: no flush is to come
};

}  // namespace ember::storage
