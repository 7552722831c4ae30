// SPDX-License-Identifier: BSD-3-Clause
#include "storage/read/pins.h"

#include "base/check.h"

namespace ember::storage {

std::atomic<uint32_t>& Pins::pins_of(uint64_t chunk) {
  const ChunkPlace place = core_.pages.place_of(chunk);
  const PageInfo& page = core_.pages.page(place.page);
  debug_check(page.pins != nullptr, "what can be pinned lies in large chunks");
  return page.pins[place.index];
}

bool Pins::pin(const Item& item) {
  const uint64_t offset = core_.pages.offset_of(&item);
  if (core_.pages.page(core_.pages.page_of(offset)).pins == nullptr) {
    return false;  // too small
  }
  // An item counts once, however many replies wait to send it.
  const size_t size = item.size();
  if (pins_of(offset).fetch_add(1, std::memory_order_acq_rel) == 0 &&
      pinned_bytes_.fetch_add(size, std::memory_order_relaxed) + size >
          core_.options.memory_limit / 4) {
    unpin_head(offset, size);
    return false;
  }
  core_.chain(item).for_each([this](const Chain::Part& part) {
    pins_of(part.offset).fetch_add(1, std::memory_order_acq_rel);
  });
  return true;
}

void Pins::unpin(const Item& item) {
  debug_check([&] { return pinned(core_.pages.offset_of(&item)); }, "what is unpinned was pinned");
  core_.chain(item).for_each([this](const Chain::Part& part) { unpin_chunk(part.offset); });
  // Last: from here on the item itself may be gone.
  unpin_head(core_.pages.offset_of(&item), item.size());
}

void Pins::unpin_chunk(uint64_t chunk) {
  const uint32_t before = pins_of(chunk).fetch_sub(1, std::memory_order_acq_rel);
  check(before != 0, "a part is unpinned as often as it was pinned");
}

void Pins::unpin_head(uint64_t chunk, size_t item_size) {
  const uint32_t before = pins_of(chunk).fetch_sub(1, std::memory_order_acq_rel);
  check(before != 0, "an item is unpinned as often as it was pinned");
  if (before == 1) {
    const size_t bytes = pinned_bytes_.fetch_sub(item_size, std::memory_order_relaxed);
    check(bytes >= item_size, "what is unpinned was counted");
  }
}

}  // namespace ember::storage
