// SPDX-License-Identifier: BSD-3-Clause
// StoreCounters: what the store counts of its items, and what clients did with them. Each thread
// counts for itself (ThreadCounters); sums are made when they are read.
// Not the classes' own counts of evictions (SlabClass::events), but class_stats() shows those, too.
//
// Ownership: refers to the counters of attached threads, which detach before they go.
// Threads: a ThreadCounters is written by one thread and read by any; the rest any.
// Cost: counting is a few stores to lines of the thread's own; a sum reads every thread's.
// Invariant: over all threads and those that are gone, nothing is removed that was not added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/counter.h"
#include "base/mutex.h"
#include "storage/core/core.h"
#include "storage/core/store_stats.h"
#include "storage/stats/size_histogram.h"

namespace ember::storage {

/// Items that were added to a class and removed from it. Sums over threads are what there is.
struct ItemCounters {
  Counter items_added, items_removed, bytes_added, bytes_removed;

  ItemCounters& operator+=(const ItemCounters& other);
};

/// One thread's, by class id.
struct ThreadCounters {
  explicit ThreadCounters(size_t classes) : uses(classes), items(classes) {}

  std::vector<UseCounters> uses;
  std::vector<ItemCounters> items;
};

class StoreCounters {
 public:
  explicit StoreCounters(StoreCore& core);

  /// How many classes a thread counts for, class 0 included.
  size_t class_count() const { return core_.slabs.size(); }

  /// A thread's counters count from now on, until they are detached: then their sums are kept.
  void attach(const ThreadCounters& thread) EMBER_EXCLUDES(threads_mutex_);
  void detach(const ThreadCounters& thread) EMBER_EXCLUDES(threads_mutex_);

  /// An item begins, and ends. Requires: each is called once, under the lock of the key's bucket.
  void count_in(ThreadCounters& thread, const Item& item) {
    ItemCounters& counters = thread.items[core_.class_of(item)];
    ++counters.items_added;
    counters.bytes_added += item.size();
    if (sizes_.on()) [[unlikely]] {
      sizes_.count_in(item);
    }
  }
  void count_out(ThreadCounters& thread, const Item& item) {
    ItemCounters& counters = thread.items[core_.class_of(item)];
    ++counters.items_removed;
    counters.bytes_removed += item.size();
    if (sizes_.on()) [[unlikely]] {
      sizes_.count_out(item);
    }
  }

  /// Restart: items that were found count, too; and none of them, when the start begins anew.
  void add_found(std::span<const ItemCounters> found) EMBER_EXCLUDES(threads_mutex_);
  void forget_found() EMBER_EXCLUDES(threads_mutex_);

  /// Sums by class id.
  std::vector<ItemCounters> items() const EMBER_EXCLUDES(threads_mutex_);
  std::vector<UseCounters> class_use() const EMBER_EXCLUDES(threads_mutex_);
  /// Classes with pages, by id. Locks one class after the other.
  std::vector<ClassStats> class_stats() const EMBER_EXCLUDES(threads_mutex_);
  /// Fills in items, bytes and how many were stored.
  void add_to(StoreStats& stats) const EMBER_EXCLUDES(threads_mutex_);

  /// What counts from 0 on `stats reset` does so from now on.
  void reset() EMBER_EXCLUDES(threads_mutex_);
  /// Items stored are counted from the last write on.
  void start_total() { items_at_reset_.store(core_.order.last(), std::memory_order_relaxed); }

  /// Counts items by size from now on, or no more.
  void track_sizes(bool on) EMBER_EXCLUDES(sizes_mutex_);
  /// The same while no item was stored yet by this process: those that were found do not count.
  void track_sizes_from_start() { sizes_.enable(core_.order.last()); }
  const SizeHistogram& sizes() const { return sizes_; }

 private:
  std::vector<UseCounters> use_since_start() const EMBER_REQUIRES(threads_mutex_);
  ClassStats stats_of(SlabClass& size_class, const ItemCounters& items) const
      EMBER_REQUIRES(size_class.mutex);

  StoreCore& core_;
  std::atomic<uint64_t> items_at_reset_{0};  // the last write at the last reset
  mutable Mutex threads_mutex_;
  std::vector<const ThreadCounters*> threads_ EMBER_GUARDED_BY(threads_mutex_);
  // Counts of threads that are gone.
  ThreadCounters past_ EMBER_GUARDED_BY(threads_mutex_);
  std::vector<UseCounters> use_at_reset_ EMBER_GUARDED_BY(threads_mutex_);
  Mutex sizes_mutex_;  // one change at a time
  SizeHistogram sizes_;
};

}  // namespace ember::storage
