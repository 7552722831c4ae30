// SPDX-License-Identifier: BSD-3-Clause
// ThreadState: what a StoreThread is inside the store.
// Threads: one owns and changes it; its counters are read by others.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/counter.h"
#include "storage/epoch.h"
#include "storage/store_observer.h"
#include "storage/store_thread.h"

namespace ember::storage {

class StoreImpl;

/// Chunks that were unlinked in an epoch: free once all threads have left it.
struct RetiredBatch {
  uint64_t epoch = 0;
  std::vector<uint64_t> chunks;
};

class ThreadState final : public StoreThread {
 public:
  explicit ThreadState(StoreImpl& store);
  ~ThreadState() override;

  void quiesce() override;
  void offline() override;
  void online() override;
  ClassUse& use(uint8_t class_id) override { return uses_[class_id]; }
  void observe(StoreObserver& observer) override { observer_ = &observer; }
  /// Null while nobody wants to be told.
  StoreObserver* observer() const {
    return observer_ != nullptr && observer_->armed() ? observer_ : nullptr;
  }

  /// What this thread added to and took from a class. Sums over threads are the figures.
  struct ClassChange {
    Counter items_added, items_removed, bytes_added, bytes_removed;

    ClassChange& operator+=(const ClassChange& other);
  };

 private:
  friend class StoreImpl;

  StoreImpl& store_;
  Epochs::Slot* slot_;
  StoreObserver* observer_ = nullptr;
  std::vector<uint64_t> unlinked_;  // since the last epoch this thread closed
  std::deque<RetiredBatch> retired_;
  std::vector<ClassUse> uses_;
  std::vector<ClassChange> changes_;
};

}  // namespace ember::storage
