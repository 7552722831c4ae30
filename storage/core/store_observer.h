// SPDX-License-Identifier: BSD-3-Clause
// StoreObserver: told of what a thread's calls make the store do beyond what was asked: items
// evicted, pages that change their class. The seam to whoever keeps a log; the store knows no more.
//
// Threads: one observer a StoreThread, called on that thread, inside its calls and under the
// store's locks: it must not wait and must not call the store. arm() from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/item/item.h"

namespace ember::storage {

class StoreObserver {
 public:
  virtual ~StoreObserver() = default;

  struct Eviction {
    const Item& item;  // readable during the call
    uint8_t class_id = 0;
    bool fetched = false;
    uint32_t seconds_since_access = 0;
  };
  virtual void on_eviction(const Eviction& eviction) = 0;

  /// A page of class `from` begins to be emptied for class `to`.
  virtual void on_page_move(uint8_t from, uint8_t to) = 0;

  /// Nothing is told while this is false: an eviction costs one load then.
  bool armed() const { return armed_.load(std::memory_order_relaxed); }
  void arm(bool armed) { armed_.store(armed, std::memory_order_relaxed); }

 private:
  std::atomic<bool> armed_{false};
};

}  // namespace ember::storage
