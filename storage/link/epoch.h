// SPDX-License-Identifier: BSD-3-Clause
// Epochs: tells when no thread can still be reading something that was unlinked
// (quiescent-state-based reclamation; Hart, McKenney, Demke Brown, Walpole, 2007). What was
// unlinked and who frees it is the caller's.
//
// A thread announces, once per turn of its loop, that it holds nothing it found before. What was
// unlinked before `close()` returned n is unread once every online thread has announced more
// than n.
//
// Ownership: has the slots; a slot is one thread's from enter() to leave().
// Threads: any; the calls with a slot by the slot's thread.
// Cost: an announcement is one load and one store to the thread's own line; oldest() reads the line
// of every thread.
// Invariants: what a thread announces only grows; a slot without a thread is offline.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mutex.h"

namespace ember::storage {

class Epochs {
 public:
  /// One thread's announcements.
  struct alignas(kCacheLineSize) Slot {
    std::atomic<uint64_t> announced{kOffline};
    bool used = false;
  };

  /// Returns a slot for the calling thread, offline.
  Slot* enter() EMBER_EXCLUDES(mutex_);
  /// Gives the slot back. Requires: the thread holds nothing it found.
  void leave(Slot* slot) EMBER_EXCLUDES(mutex_);

  /// Says that the thread holds nothing it found before; it is online. On the hot path.
  void announce(Slot* slot) const {
    const uint64_t current = current_.load(std::memory_order_acquire);
    debug_check(
        [&] {
          const uint64_t before = slot->announced.load(std::memory_order_relaxed);
          return slot->used && (before == kOffline || before <= current);
        },
        "what a thread announces only grows");
    slot->announced.store(current, std::memory_order_release);
  }

  /// Says that the thread holds nothing it found, and looks nothing up until it goes online: no
  /// other thread waits for it.
  void go_offline(Slot* slot) const { slot->announced.store(kOffline, std::memory_order_release); }

  /// Says that the thread looks things up from now on. Called before the first look.
  void go_online(Slot* slot) const {
    // Sequentially consistent: the announcement must be seen before anything is looked up.
    slot->announced.exchange(current_.load(std::memory_order_acquire), std::memory_order_seq_cst);
    announce(slot);
  }

  /// Returns whether other threads wait for the slot's thread.
  static bool online(const Slot* slot) {
    return slot->announced.load(std::memory_order_relaxed) != kOffline;
  }

  /// Ends the current epoch and returns its number. A full barrier: what the caller unlinked before
  /// is unlinked for every later announcement.
  uint64_t close() { return current_.fetch_add(1, std::memory_order_seq_cst); }

  /// Returns the oldest epoch that some thread may still read in: all before it are past.
  uint64_t oldest() const EMBER_EXCLUDES(mutex_);

 private:
  static constexpr uint64_t kOffline = std::numeric_limits<uint64_t>::max();

  std::atomic<uint64_t> current_{1};
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::storage
