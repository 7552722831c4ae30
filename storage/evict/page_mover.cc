// SPDX-License-Identifier: BSD-3-Clause
#include "storage/evict/page_mover.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace ember::storage {
namespace {

// Of a class's pages, how many are compared to find its cheapest.
constexpr size_t kCompared = 64;

/// True if the page has large chunks that may be held for long: by a value that is still arriving,
/// or by replies that wait to be sent.
bool held(const PageInfo& page) {
  if (page.pins == nullptr) {
    return false;
  }
  for (size_t index = 0; index < page.states->count(); ++index) {
    if (page.states->get(index) == chunk_state::kBusy ||
        page.pins[index].load(std::memory_order_relaxed) != 0) {
      return true;
    }
  }
  return false;
}

bool belongs_to_item(uint8_t state) {
  return chunk_state::is_queued(state) || state == chunk_state::kPart ||
         state == chunk_state::kDirectory;
}

}  // namespace

std::optional<uint32_t> PageMover::cheapest_page(SlabClass& size_class) const {
  std::optional<uint32_t> cheapest;
  uint32_t least = std::numeric_limits<uint32_t>::max();
  const auto& numbers = size_class.pages();
  const size_t step = std::max<size_t>(1, numbers.size() / kCompared);
  for (size_t ordinal = 0; ordinal < numbers.size(); ordinal += step) {
    const PageInfo& page = core_.pages.page(numbers[ordinal]);
    debug_check(page.class_id.load(std::memory_order_relaxed) == size_class.id(),
                "a class lists pages of its own");
    if (!page.draining && page.used < least && !held(page)) {
      least = page.used;
      cheapest = numbers[ordinal];
    }
  }
  return cheapest;
}

bool PageMover::relocate(ThreadState& thread, SlabClass& size_class, uint64_t chunk) {
  const uint64_t target = size_class.take();
  if (target == 0) {
    return false;
  }
  debug_check(core_.pages.page_of(target) != core_.pages.page_of(chunk),
              "a page that is drained hands out no chunk");
  const Item& item = *core_.pages.item(chunk);
  const std::string_view key = item.key();
  const Hash hash = hash_key(key);
  const ItemPlan plan{.key = key,
                      .hash = hash,
                      .client_flags = item.client_flags(),
                      .value_size = item.value_size(),
                      .sequenced = item.sequenced()};
  Item* const copy = ItemWriter::prepare(core_.pages.at(target), plan);
  std::memcpy(ItemWriter::body(copy, plan), item.body(), item.value_size());
  {
    Index::WriteLock lock(*core_.index, hash);
    const Index::Hit hit = lock.find([&](uint64_t offset) { return offset == chunk; });
    if (hit) {
      // Under the lock nobody touches the words that change in place.
      ItemWriter::set_exptime(copy, item.exptime());
      linker_.replace_by_copy(thread,
                              {.item = copy,
                               .plan = plan,
                               .commit = {.cas = item.cas(),
                                          .sequence = item.sequence(),
                                          .offset = target,
                                          .salt = core_.salt,
                                          .won = item.won(),
                                          .stale = item.stale()}},
                              hit);
      rescues_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  size_class.give(target);
  return false;
}

void PageMover::drain_page(ThreadState& thread, SlabClass& size_class, uint32_t number,
                           uint8_t for_class) {
  check(for_class < core_.slabs.size(), "a page is emptied for a class there is");
  if (StoreObserver* const observer = thread.observer(); observer != nullptr) {
    observer->on_page_move(size_class.id(), for_class);
  }
  if (!core_.slabs.start_drain(size_class, number, for_class)) {
    empty_page(thread, size_class, number);
  }
  pages_moved_.fetch_add(1, std::memory_order_relaxed);
}

void PageMover::empty_page(ThreadState& thread, SlabClass& size_class, uint32_t number) {
  PageInfo& page = core_.pages.page(number);
  debug_check(page.draining, "a page is emptied while it hands out no chunk");
  // Relocation must leave writers their reserve.
  size_t spare =
      size_class.free_chunks() - std::min(size_class.free_chunks(), size_class.reserve());
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    if (!belongs_to_item(page.states->get(index))) {
      continue;
    }
    const uint64_t chunk = core_.pages.offset_at({number, index}, size_class.chunk_size());
    const uint64_t offset = core_.item_at_chunk(chunk);
    if (!verifier_.intact(offset)) {
      continue;  // until it is dropped
    }
    const Item& item = *core_.pages.item(offset);
    if (spare > 0 && offset == chunk && !item.chained() && !core_.dead(item) &&
        relocate(thread, size_class, chunk)) {
      --spare;
      continue;
    }
    const Hash hash = hash_key(item.key());
    const Index::Hit hit = core_.index->find(hash, [&](uint64_t other) { return other == offset; });
    if (hit && linker_.unlink(thread, offset, hash)) {
      evictor_.note_eviction(thread, size_class, item, hit.entry);
    }
  }
}

void PageMover::continue_drains(ThreadState& thread) {
  if (!core_.slabs.draining()) {
    return;
  }
  for (uint32_t number = 0; number < core_.pages.count(); ++number) {
    const PageInfo& page = core_.pages.page(number);
    const uint8_t id = page.class_id.load(std::memory_order_relaxed);
    if (id == 0) {
      continue;
    }
    SlabClass& size_class = core_.slabs[id];
    MutexLock lock(size_class.mutex);
    if (page.class_id.load(std::memory_order_relaxed) == id && page.draining) {
      empty_page(thread, size_class, number);
    }
  }
}

void PageMover::add_to(StoreStats& stats) const {
  stats.pages_moved = pages_moved_.load(std::memory_order_relaxed);
  stats.rescues = rescues_.load(std::memory_order_relaxed);
}

}  // namespace ember::storage
