// SPDX-License-Identifier: BSD-3-Clause
// ThreadState: what a StoreThread is inside the store: one thread's retired chunks, its counters,
// and who observes it.
//
// Ownership: of the thread that registered; gone before the store is.
// Threads: used by one; its counters are read by others.
#pragma once

#include <cstdint>

#include "storage/core/store_observer.h"
#include "storage/core/store_thread.h"
#include "storage/link/reclaimer.h"
#include "storage/stats/store_counters.h"

namespace ember::storage {

class ThreadState final : public StoreThread {
 public:
  ThreadState(Reclaimer& reclaimer, StoreCounters& store_counters);
  ~ThreadState() override;
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;

  void quiesce() override { reclaimer_.quiesce(retired); }
  void offline() override { reclaimer_.go_offline(retired); }
  void online() override { reclaimer_.go_online(retired); }
  UseCounters& use(uint8_t class_id) override { return counters.uses[class_id]; }
  void observe(StoreObserver& observer) override { observer_ = &observer; }

  /// Null while nobody wants to be told.
  StoreObserver* observer() const {
    return observer_ != nullptr && observer_->armed() ? observer_ : nullptr;
  }

  RetiredChunks retired;
  ThreadCounters counters;

 private:
  Reclaimer& reclaimer_;
  StoreCounters& store_counters_;
  StoreObserver* observer_ = nullptr;
};

}  // namespace ember::storage
