// SPDX-License-Identifier: BSD-3-Clause
// FlushHorizon: which items flush_all has ended: those whose place in the order of writes is not
// beyond the horizon. Nothing is walked; the horizon moves.
//
// A write takes its place in that order (a sequence) after it has looked at the item it depends
// on. Were a flush to come in between, the new item would stand beyond the horizon although it
// was made from one within. So a writer reads the turn before it looks, and looks again if there
// has been another turn by the time it has its sequence.
//
// Threads: any. Readers pay two relaxed loads of lines that are written only by flushes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace ember::storage {

class FlushHorizon {
 public:
  /// `last_sequence`: of the last write; needed for the horizon's whole life.
  FlushHorizon(const Clock& clock, const std::atomic<uint64_t>& last_sequence)
      : clock_(clock), last_sequence_(last_sequence) {}

  /// Ends all there is: now, if `when` is not in the future, or else at second `when`. A flush that
  /// is still to come is replaced; one that was due has happened.
  void flush(UnixSeconds when) EMBER_EXCLUDES(mutex_);

  /// Lets a flush whose time has come happen. To be called before anything is judged by the
  /// horizon.
  void settle() {
    if (due_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      flush_if_due();
    }
  }

  /// As an earlier process left it, before anybody asks. From then on `keep(horizon, due)` is
  /// called with each change, before it counts.
  using Keep = std::function<void(uint64_t horizon, UnixSeconds due)>;
  void restore(uint64_t horizon, UnixSeconds due, Keep keep) EMBER_EXCLUDES(mutex_);

  /// 0 as long as there was no flush: then no item's sequence need be read.
  uint64_t value() const { return horizon_.load(std::memory_order_acquire); }

  /// For writers: a turn to remember. Waits while a flush is under way.
  uint64_t turn() EMBER_EXCLUDES(mutex_);
  /// No flush has begun since turn() returned `turn`.
  bool same_turn(uint64_t turn) const { return turn_.load() == turn; }

 private:
  void flush_if_due() EMBER_EXCLUDES(mutex_);
  void move() EMBER_REQUIRES(mutex_);
  void keep(uint64_t horizon, UnixSeconds due) EMBER_REQUIRES(mutex_);

  const Clock& clock_;
  const std::atomic<uint64_t>& last_sequence_;
  Mutex mutex_;
  Keep keep_ EMBER_GUARDED_BY(mutex_);
  alignas(kCacheLineSize) std::atomic<uint64_t> horizon_{0};
  std::atomic<uint64_t> turn_{0};    // odd while a flush is under way
  std::atomic<UnixSeconds> due_{0};  // 0: no flush is to come
};

}  // namespace ember::storage
