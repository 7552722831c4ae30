// SPDX-License-Identifier: BSD-3-Clause
#include "storage/order/write_order.h"

#include <utility>

#include "base/check.h"

namespace ember::storage {

void WriteOrder::restore(uint64_t last) {
  check(last >= last_.load(), "the order of writes never goes back");
  last_.store(last);
}

void WriteOrder::start_reserving(uint64_t batch, Keep keep) {
  const MutexLock lock(mutex_);
  check(batch != 0 && keep != nullptr, "numbers are reserved in batches, by somebody");
  batch_ = batch;
  keep_ = std::move(keep);
  limit_.store(last_.load() + batch);
}

void WriteOrder::reserve(uint64_t sequence) {
  const MutexLock lock(mutex_);
  if (sequence < limit_.load(std::memory_order_relaxed)) {
    return;  // another thread has reserved meanwhile
  }
  check(keep_ != nullptr, "a limit comes with a way to raise it");
  const uint64_t limit = sequence + batch_;
  keep_(limit);
  limit_.store(limit);
}

}  // namespace ember::storage
