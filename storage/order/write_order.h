// SPDX-License-Identifier: BSD-3-Clause
// WriteOrder: the place of each write among all writes of the store, counted from 1: its sequence.
// Unless a client chose another CAS, the sequence is the item's CAS, so this is what hands out CAS.
//
// In a persistent region no number may be handed out twice, a crash in between included: numbers
// are reserved on media a batch at a time before the first of them is used. What a crash leaves of
// a batch is skipped.
//
// Threads: any. Cost: next() is one atomic addition; once a batch, a write to the superblock.
// Lock order: its mutex after an index bucket, before the superblock's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/bytes.h"
#include "base/mutex.h"

namespace ember::storage {

class WriteOrder {
 public:
  /// The sequence of the last write; 0 before the first.
  uint64_t last() const { return last_.load(); }
  uint64_t last_relaxed() const { return last_.load(std::memory_order_relaxed); }

  /// Takes the next place. Returns a sequence larger than every one returned before.
  uint64_t next() EMBER_EXCLUDES(mutex_) { return skip(1); }

  /// Leaves out `count - 1` numbers and takes the one behind them.
  uint64_t skip(uint64_t count) EMBER_EXCLUDES(mutex_) {
    const uint64_t sequence = last_.fetch_add(count) + count;
    if (sequence >= limit_.load(std::memory_order_relaxed)) [[unlikely]] {
      reserve(sequence);
    }
    return sequence;
  }

  /// Restart, while no other thread uses the store: goes on after `last`, found on media.
  void restore(uint64_t last);

  /// Restart, once the last sequence is known: numbers below last() + `batch` are reserved on media
  /// already, and `keep(limit)` reserves those below `limit`; durable when it returns.
  using Keep = std::function<void(uint64_t limit)>;
  void start_reserving(uint64_t batch, Keep keep) EMBER_EXCLUDES(mutex_);

 private:
  void reserve(uint64_t sequence) EMBER_EXCLUDES(mutex_);

  alignas(kCacheLineSize) std::atomic<uint64_t> last_{0};
  // From this number on nothing is reserved. Read with each write, written once a batch.
  alignas(kCacheLineSize) std::atomic<uint64_t> limit_{std::numeric_limits<uint64_t>::max()};
  Mutex mutex_;
  uint64_t batch_ EMBER_GUARDED_BY(mutex_) = 0;
  Keep keep_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::storage
