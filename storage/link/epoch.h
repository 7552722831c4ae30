// SPDX-License-Identifier: BSD-3-Clause
// Epochs: tells when no thread can still be reading something that was unlinked
// (quiescent-state-based reclamation; Hart, McKenney, Demke Brown, Walpole, 2007).
//
// A thread announces, once per turn of its loop, that it holds nothing it found before. What was
// unlinked before `close()` returned n is unread once every online thread has announced more
// than n.
// Threads: any. Cost: an announcement is one load and one store to the thread's own line.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"

namespace ember::storage {

class Epochs {
 public:
  /// One thread's announcements.
  struct alignas(kCacheLineSize) Slot {
    std::atomic<uint64_t> announced{kOffline};
    bool used = false;
  };

  Slot* enter();
  void leave(Slot* slot);

  void announce(Slot* slot) const {
    slot->announced.store(current_.load(std::memory_order_acquire), std::memory_order_release);
  }

  void go_offline(Slot* slot) const { slot->announced.store(kOffline, std::memory_order_release); }

  void go_online(Slot* slot) const {
    // Sequentially consistent: the announcement must be seen before anything is looked up.
    slot->announced.exchange(current_.load(std::memory_order_acquire), std::memory_order_seq_cst);
    announce(slot);
  }

  static bool online(const Slot* slot) {
    return slot->announced.load(std::memory_order_relaxed) != kOffline;
  }

  /// Ends the current epoch and returns it. A full barrier: what the caller unlinked before is
  /// unlinked for every later announcement.
  uint64_t close() { return current_.fetch_add(1, std::memory_order_seq_cst); }

  /// All epochs up to and without this one are past.
  uint64_t oldest() const EMBER_EXCLUDES(mutex_);

 private:
  static constexpr uint64_t kOffline = std::numeric_limits<uint64_t>::max();

  std::atomic<uint64_t> current_{1};
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::storage
