// SPDX-License-Identifier: BSD-3-Clause
// Reading: what a GET does. No lock, no shared write but the mark of a first use.
#include "storage/store_impl.h"

namespace ember::storage {

void StoreImpl::prefetch_item(Hash hash) const {
  const IndexEntry entry = index_->peek(hash);
  if (!entry.empty()) {
    const char* item = static_cast<const char*>(pages_.at(entry.offset()));
    __builtin_prefetch(item);
    __builtin_prefetch(item + kCacheLineSize);
    __builtin_prefetch(item + 2 * kCacheLineSize);
  }
}

Miss StoreImpl::why_dead(const Item& item) const {
  const UnixSeconds exptime = item.exptime();
  if (exptime != 0 && exptime <= now()) {
    return Miss::expired;
  }
  flushed_.settle();
  const uint64_t flushed = flushed_.value();
  // Most stores were never flushed: then the sequence need not be read.
  return flushed != 0 && item.sequence() <= flushed ? Miss::flushed : Miss::absent;
}

Found StoreImpl::find(std::string_view key, Hash hash, Access access) {
  const Index::Hit hit = index_->find(hash, [&](uint64_t offset) { return is_item(offset, key); });
  if (!hit) {
    return {};
  }
  const Item& item = *pages_.item(hit.entry.offset());
  if (const Miss miss = why_dead(item); miss != Miss::absent) {
    return {.miss = miss};
  }
  const Found found{.item = &item,
                    .fetched = hit.entry.fetched(),
                    .seconds_since_access = hit.entry.idle_seconds(now())};
  if (access == Access::mark) {
    Index::mark(hit, now());
  }
  return found;
}

size_t StoreImpl::part_count(size_t value_size) const {
  const size_t largest = classes_.largest();
  return (value_size + largest - 1) / largest;
}

size_t StoreImpl::part_count(const Item& item) const {
  return item.chained() ? part_count(item.value_size()) : 1;
}

std::string_view StoreImpl::part(const Item& item, size_t index) const {
  if (!item.chained()) {
    return {item.body(), item.value_size()};
  }
  const size_t largest = classes_.largest();
  const auto offset = load_unaligned<uint64_t>(item.body() + index * sizeof(uint64_t));
  return {static_cast<const char*>(pages_.at(offset)),
          std::min(largest, item.value_size() - index * largest)};
}

std::atomic<uint32_t>& StoreImpl::pins_of(uint64_t chunk) {
  const ChunkPlace place = pages_.place_of(chunk);
  return pages_.page(place.page).pins[place.index];
}

bool StoreImpl::pin(const Item& item) {
  const uint64_t offset = pages_.offset_of(&item);
  if (pages_.page(pages_.page_of(offset)).pins == nullptr) {
    return false;  // too small
  }
  // An item counts once, however many replies wait to send it.
  const size_t size = item.size();
  if (pins_of(offset).fetch_add(1, std::memory_order_acq_rel) == 0 &&
      pinned_bytes_.fetch_add(size, std::memory_order_relaxed) + size > options_.memory_limit / 4) {
    unpin_head(offset, size);
    return false;
  }
  for (size_t part = 0; item.chained() && part < part_count(item); ++part) {
    const auto chunk = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
    pins_of(chunk).fetch_add(1, std::memory_order_acq_rel);
  }
  return true;
}

void StoreImpl::unpin(const Item& item) {
  for (size_t part = 0; item.chained() && part < part_count(item); ++part) {
    const auto chunk = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
    pins_of(chunk).fetch_sub(1, std::memory_order_acq_rel);
  }
  // Last: from here on the item itself may be gone.
  unpin_head(pages_.offset_of(&item), item.size());
}

void StoreImpl::unpin_head(uint64_t chunk, size_t item_size) {
  if (pins_of(chunk).fetch_sub(1, std::memory_order_acq_rel) == 1) {
    pinned_bytes_.fetch_sub(item_size, std::memory_order_relaxed);
  }
}

bool StoreImpl::pinned(uint64_t offset) const {
  const PageInfo& page = pages_.page(pages_.page_of(offset));
  return page.pins != nullptr &&
         page.pins[pages_.place_of(offset).index].load(std::memory_order_acquire) != 0;
}

}  // namespace ember::storage
