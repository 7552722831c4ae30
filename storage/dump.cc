// SPDX-License-Identifier: BSD-3-Clause
#include "storage/dump.h"

#include <array>

#include "base/check.h"
#include "storage/core/core.h"
#include "storage/read/verifier.h"

namespace ember::storage {
namespace {

// What one call looks at: some tens of microseconds of a worker that has others to serve.
constexpr size_t kBuckets = 64;
constexpr size_t kChunks = 256;
constexpr size_t kPages = 512;

constexpr uint8_t kQueued = chunk_state::kSmallBit | chunk_state::kMain;

}  // namespace

struct DumpCursor::Source {
  const StoreCore& core;
  const Verifier& verifier;

  void add(IndexEntry entry, std::vector<DumpedItem>& out) const {
    const uint64_t offset = entry.offset();
    const Item* const item = core.pages.item(offset);
    if (verifier.intact(offset) && !core.dead(*item)) {
      out.push_back({.item = item,
                     .class_id = core.class_of(*item),
                     .fetched = entry.fetched(),
                     .seconds_since_access = entry.idle_seconds(core.now())});
    }
  }
};

void DumpCursor::read(const StoreCore& core, const Verifier& verifier,
                      std::vector<DumpedItem>& out) {
  const Source source{.core = core, .verifier = verifier};
  if (by_class_) {
    read_pages(source, out);
  } else {
    read_buckets(source, out);
  }
}

void DumpCursor::read_buckets(const Source& source, std::vector<DumpedItem>& out) {
  std::vector<IndexEntry> entries;
  place_ = source.core.index->walk(place_, kBuckets, [&](Index::Slot& slot) {
    const IndexEntry entry(slot.load(std::memory_order_acquire));
    if (!entry.empty()) {
      __builtin_prefetch(source.core.pages.at(entry.offset()));
      entries.push_back(entry);
    }
  });
  done_ = place_ == 0;
  for (const IndexEntry entry : entries) {
    source.add(entry, out);
  }
}

/// The items found stay readable until the caller's epoch ends, so a class is locked only while
/// states are read.
void DumpCursor::read_pages(const Source& source, std::vector<DumpedItem>& out) {
  const StoreCore& core = source.core;
  std::array<uint64_t, kChunks> chunks;
  size_t count = 0;
  for (size_t pages = 0; pages < kPages && count < kChunks; ++pages) {
    if (place_ == core.pages.count()) {
      done_ = true;
      break;
    }
    debug_check(place_ < core.pages.count(), "there are never fewer pages");
    const auto number = static_cast<uint32_t>(place_);
    const uint8_t id = core.pages.page(number).class_id.load(std::memory_order_relaxed);
    if (id != 0 && classes_[id]) {
      count += queued_chunks(core, number, std::span(chunks).subspan(count));
    } else {
      chunk_ = 0;
    }
    place_ += chunk_ == 0 ? 1U : 0U;
  }
  for (const uint64_t chunk : std::span(chunks).first(count)) {
    const uint64_t offset = core.item_at_chunk(chunk);
    const Hash hash = hash_key(core.pages.item(offset)->key());
    if (const auto hit = core.index->find(hash, [&](uint64_t other) { return other == offset; })) {
      source.add(hit.entry, out);
    }
  }
}

/// Chunks of a page that stand in a queue, from chunk_ on; that becomes 0 at the page's end.
size_t DumpCursor::queued_chunks(const StoreCore& core, uint32_t number, std::span<uint64_t> out) {
  const PageInfo& page = core.pages.page(number);
  const uint8_t id = page.class_id.load(std::memory_order_relaxed);
  SlabClass& size_class = core.slabs[id];
  const MutexLock lock(size_class.mutex);
  if (id == 0 || page.class_id.load(std::memory_order_relaxed) != id) {
    chunk_ = 0;
    return 0;
  }
  for (size_t count = 0; count < out.size(); ++count) {
    const size_t index = page.states->find(chunk_, kQueued);
    if (index == page.states->count()) {
      chunk_ = 0;
      return count;
    }
    out[count] =
        core.pages.offset_at({number, static_cast<uint32_t>(index)}, size_class.chunk_size());
    chunk_ = index + 1;
  }
  return out.size();
}

}  // namespace ember::storage
