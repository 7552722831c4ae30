// SPDX-License-Identifier: BSD-3-Clause
// Pins: keeps large items' bytes where they are while replies send them, beyond the epoch of the
// thread that found them. Small items are copied instead: their chunks have no pins.
//
// Threads: any. Cost: one atomic addition for each chunk of the item.
// Invariant: at most a quarter of the store's memory is pinned, an item counted once; a chunk with
// pins is not given to anybody else (Reclaimer).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/core/core.h"

namespace ember::storage {

class Pins {
 public:
  explicit Pins(StoreCore& core) : core_(core) {}

  /// Returns false if the item is too small to be worth it, or too much is pinned already.
  /// Requires: the item was found by this thread and is still readable.
  bool pin(const Item& item);
  /// Takes back one pin(). Any thread; the item may be gone afterwards.
  void unpin(const Item& item);

  /// Some reply may still send from the chunk.
  bool pinned(uint64_t chunk) const {
    const PageInfo& page = core_.pages.page(core_.pages.page_of(chunk));
    return page.pins != nullptr &&
           page.pins[core_.pages.place_of(chunk).index].load(std::memory_order_acquire) != 0;
  }

 private:
  std::atomic<uint32_t>& pins_of(uint64_t chunk);
  void unpin_chunk(uint64_t chunk);
  void unpin_head(uint64_t chunk, size_t item_size);

  StoreCore& core_;
  alignas(kCacheLineSize) std::atomic<size_t> pinned_bytes_{0};
};

}  // namespace ember::storage
