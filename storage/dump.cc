// SPDX-License-Identifier: BSD-3-Clause
// Listing items without stopping anybody: see dump.h.
#include "storage/dump.h"

#include <array>

#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// What one call looks at: some tens of microseconds of a worker that has others to serve.
constexpr size_t kBuckets = 64;
constexpr size_t kChunks = 256;
constexpr size_t kPages = 512;

constexpr uint8_t kQueued = chunk_state::kSmallBit | chunk_state::kMain;

}  // namespace

void StoreImpl::dump(DumpCursor& cursor, std::vector<DumpedItem>& out) {
  if (cursor.by_class_) {
    dump_pages(cursor, out);
  } else {
    dump_buckets(cursor, out);
  }
}

void StoreImpl::add_dumped(IndexEntry entry, std::vector<DumpedItem>& out) const {
  const uint64_t offset = entry.offset();
  const Item* const item = pages_.item(offset);
  if (trusted(offset) && !dead(*item)) {
    out.push_back({.item = item,
                   .class_id = class_of(*item),
                   .fetched = entry.fetched(),
                   .seconds_since_access = entry.idle_seconds(now())});
  }
}

void StoreImpl::dump_buckets(DumpCursor& cursor, std::vector<DumpedItem>& out) {
  std::vector<IndexEntry> entries;
  cursor.place_ = index_->walk(cursor.place_, kBuckets, [&](Index::Slot& slot) {
    const IndexEntry entry(slot.load(std::memory_order_acquire));
    if (!entry.empty()) {
      __builtin_prefetch(pages_.at(entry.offset()));
      entries.push_back(entry);
    }
  });
  cursor.done_ = cursor.place_ == 0;
  for (const IndexEntry entry : entries) {
    add_dumped(entry, out);
  }
}

/// The items found keep until the caller's epoch ends, so the class is locked only to read states.
void StoreImpl::dump_pages(DumpCursor& cursor, std::vector<DumpedItem>& out) {
  std::array<uint64_t, kChunks> chunks;
  size_t count = 0;
  for (size_t looked = 0; looked < kPages && count < kChunks; ++looked) {
    if (cursor.place_ == pages_.count()) {
      cursor.done_ = true;
      break;
    }
    const auto number = static_cast<uint32_t>(cursor.place_);
    const uint8_t id = pages_.page(number).class_id.load(std::memory_order_relaxed);
    if (id != 0 && cursor.classes_[id]) {
      count += queued_chunks(*slabs_[id], number, cursor.chunk_, std::span(chunks).subspan(count));
    } else {
      cursor.chunk_ = 0;
    }
    cursor.place_ += cursor.chunk_ == 0 ? 1U : 0U;
  }
  for (const uint64_t chunk : std::span(chunks).first(count)) {
    const uint64_t offset = item_at_chunk(chunk);
    const Hash hash = hash_key(pages_.item(offset)->key());
    if (const auto hit = index_->find(hash, [&](uint64_t other) { return other == offset; })) {
      add_dumped(hit.entry, out);
    }
  }
}

/// Chunks of a page that stand in a queue, from `from` on; `from` becomes 0 at the page's end.
size_t StoreImpl::queued_chunks(SlabClass& size_class, uint32_t number, size_t& from,
                                std::span<uint64_t> out) {
  const MutexLock lock(size_class.mutex);
  const PageInfo& page = pages_.page(number);
  size_t count = 0;
  if (page.class_id.load(std::memory_order_relaxed) != size_class.id()) {
    from = 0;
    return 0;
  }
  for (; count < out.size(); ++count) {
    const size_t index = page.states->find(from, kQueued);
    if (index == page.states->count()) {
      from = 0;
      return count;
    }
    out[count] = pages_.offset_at({number, static_cast<uint32_t>(index)}, size_class.chunk_size());
    from = index + 1;
  }
  return count;
}

}  // namespace ember::storage
