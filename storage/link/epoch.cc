// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/epoch.h"

#include <algorithm>

namespace ember::storage {

Epochs::Slot* Epochs::enter() {
  MutexLock lock(mutex_);
  for (const auto& slot : slots_) {
    if (!slot->used) {
      check(!online(slot.get()), "a slot without a thread is offline");
      slot->used = true;
      return slot.get();
    }
  }
  slots_.push_back(std::make_unique<Slot>());
  slots_.back()->used = true;
  return slots_.back().get();
}

void Epochs::leave(Slot* slot) {
  go_offline(slot);
  MutexLock lock(mutex_);
  check(slot->used, "a thread that leaves has entered");
  slot->used = false;
}

uint64_t Epochs::oldest() const {
  uint64_t oldest = current_.load(std::memory_order_seq_cst);
  MutexLock lock(mutex_);
  for (const auto& slot : slots_) {
    oldest = std::min(oldest, slot->announced.load(std::memory_order_seq_cst));
  }
  check(oldest != 0 && oldest != kOffline, "there is an epoch that is not past");
  return oldest;
}

}  // namespace ember::storage
