// SPDX-License-Identifier: BSD-3-Clause
// Pages go from classes where they are worth little to classes where they are worth more.
//
// What a page is worth in a class is what the class loses or would gain by one page: read items
// that it has to evict, and keys that come back shortly after they were evicted, for each page it
// has. Moving pages from the least to the most of it is what one LRU over all sizes would do.
#include <algorithm>
#include <limits>

#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// How an eviction counts beside that of an item that was read.
constexpr double kUnreadWeight = 0.1;
constexpr double kReturnWeight = 2.0;
// How much more a page must be worth elsewhere: less would move pages to and fro.
constexpr double kAdvantage = 1.5;
// A look at the classes is taken each time this share of memory was evicted.
constexpr size_t kLookShare = 64;
// Of a class's pages, how many are compared to find its cheapest.
constexpr size_t kCompared = 64;

}  // namespace

std::optional<uint32_t> StoreImpl::cheapest_page(SlabClass& slab) {
  std::optional<uint32_t> cheapest;
  uint32_t least = std::numeric_limits<uint32_t>::max();
  const auto& numbers = slab.pages();
  const size_t step = std::max<size_t>(1, numbers.size() / kCompared);
  for (size_t ordinal = 0; ordinal < numbers.size(); ordinal += step) {
    const PageInfo& page = pages_.page(numbers[ordinal]);
    if (!page.draining && page.used < least) {
      least = page.used;
      cheapest = numbers[ordinal];
    }
  }
  return cheapest;
}

bool StoreImpl::relocate(ThreadState& thread, SlabClass& slab, uint64_t chunk) {
  const uint64_t target = slab.take();
  if (target == 0) {
    return false;
  }
  const Item& item = *pages_.item(chunk);
  const std::string_view key = item.key();
  const Hash hash = hash_key(key);
  ItemPlan plan{.key = key,
                .hash = hash,
                .client_flags = item.client_flags(),
                .value_size = item.value_size(),
                .sequenced = item.sequenced()};
  Item* copy = ItemWriter::prepare(pages_.at(target), plan);
  std::memcpy(ItemWriter::body(copy, plan), item.body(), item.value_size());
  {
    Index::WriteLock lock(*index_, hash);
    const Index::Hit hit = lock.find([&](uint64_t offset) { return offset == chunk; });
    if (hit) {
      // Under the lock nobody touches the words that change in place.
      ItemWriter::set_exptime(copy, item.exptime());
      ItemWriter::seal(copy, plan,
                       {.cas = item.cas(),
                        .sequence = item.sequence(),
                        .offset = target,
                        .won = item.won(),
                        .stale = item.stale()});
      enter_queue(*copy, pages_.state(chunk));
      count_in(thread, *copy);
      Index::WriteLock::replace(hit, hit.entry.with_offset(target));
      end_item(thread, chunk);
      rescues_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  slab.give(target);
  return false;
}

bool StoreImpl::drain_page(ThreadState& thread, SlabClass& slab, uint32_t number,
                           uint8_t for_class) {
  PageInfo& page = pages_.page(number);
  if (!page.draining) {
    drains_.fetch_add(1, std::memory_order_relaxed);
    page.wanted_by = for_class;
    slabs_[for_class]->pages_coming.fetch_add(1, std::memory_order_relaxed);
    if (slab.start_drain(number)) {
      free_page(slab, number);
      return true;
    }
  }
  // Relocation must leave writers their reserve.
  size_t spare = slab.free_chunks() - std::min(slab.free_chunks(), slab.reserve());
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    const uint8_t state = page.states->get(index);
    const bool item_like = chunk_state::is_queued(state) || state == chunk_state::kPart ||
                           state == chunk_state::kDirectory;
    if (!item_like) {
      continue;
    }
    const uint64_t chunk = pages_.offset_at({number, index}, slab.chunk_size());
    const uint64_t offset = item_at_chunk(chunk);
    const Item& item = *pages_.item(offset);
    if (spare > 0 && offset == chunk && !item.chained() && !dead(item) &&
        relocate(thread, slab, chunk)) {
      --spare;
      continue;
    }
    const Hash hash = hash_key(item.key());
    const Index::Hit hit = index_->find(hash, [&](uint64_t other) { return other == offset; });
    if (hit && unlink(thread, offset, hash)) {
      note_eviction(slab, item, hit.entry);
    }
  }
  pages_moved_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void StoreImpl::continue_drains(ThreadState& thread) {
  for (uint32_t number = 0; number < pages_.count(); ++number) {
    const uint8_t id = pages_.page(number).class_id.load(std::memory_order_relaxed);
    if (id == 0) {
      continue;
    }
    SlabClass& slab = *slabs_[id];
    MutexLock lock(slab.mutex);
    PageInfo& page = pages_.page(number);
    if (page.class_id.load(std::memory_order_relaxed) == id && page.draining) {
      drain_page(thread, slab, number, page.wanted_by);
      pages_moved_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

bool StoreImpl::steal_page(ThreadState& thread, uint8_t for_class) {
  uint8_t donor = 0;
  double least = std::numeric_limits<double>::max();
  for (uint8_t id = 1; id < slabs_.size(); ++id) {
    SlabClass& slab = *slabs_[id];
    MutexLock lock(slab.mutex);
    if (slab.pages().empty()) {
      continue;
    }
    const bool spare = slab.free_chunks() >= slab.chunks_per_page() + slab.reserve();
    double worth = spare ? -1 : pressures_[id].rate.load(std::memory_order_relaxed);
    if (id == for_class) {
      worth = std::numeric_limits<double>::max() / 2;  // only if there is nobody else
    }
    // Of equals, the one with the most pages misses one least.
    worth -= static_cast<double>(slab.pages().size()) * 1e-9;
    if (worth < least) {
      least = worth;
      donor = id;
    }
  }
  if (donor == 0) {
    return false;
  }
  SlabClass& slab = *slabs_[donor];
  MutexLock lock(slab.mutex);
  const auto page = cheapest_page(slab);
  return page && drain_page(thread, slab, *page, for_class);
}

bool StoreImpl::balance(ThreadState& thread) {
  struct Class {
    uint8_t id;
    double rate;
    size_t pages;
    bool spare;  // could give a page without losing an item
  };
  uint64_t evicted_bytes = 0;
  for (const auto& slab : slabs_) {
    MutexLock lock(slab->mutex);
    evicted_bytes += slab->events.evicted * slab->chunk_size();
  }
  const size_t look = std::max<size_t>(kPageSize, options_.memory_limit / kLookShare);
  if (evicted_bytes - evicted_bytes_seen_ < look || drains_.load() != 0) {
    return false;
  }
  evicted_bytes_seen_ = evicted_bytes;
  std::vector<Class> classes;
  for (uint8_t id = 1; id < slabs_.size(); ++id) {
    SlabClass& slab = *slabs_[id];
    MutexLock lock(slab.mutex);
    const double rate = pressures_[id].look(slab.events, slab.chunk_size(), slab.pages().size());
    if (!slab.pages().empty()) {
      const bool spare = slab.free_chunks() >= slab.chunks_per_page() + slab.reserve();
      classes.push_back({id, rate, slab.pages().size(), spare});
    }
  }
  if (classes.size() < 2) {
    return false;
  }
  const auto neediest = std::ranges::max_element(classes, {}, &Class::rate);
  const auto richest = std::ranges::min_element(classes, {}, [](const Class& c) {
    return c.spare ? -1.0 : c.rate + (c.pages < 2 ? 1e12 : 0.0);
  });
  if (neediest->rate <= 0 || richest->id == neediest->id || neediest->spare ||
      (!richest->spare && neediest->rate < richest->rate * kAdvantage)) {
    return false;
  }
  SlabClass& slab = *slabs_[richest->id];
  MutexLock lock(slab.mutex);
  const auto page = cheapest_page(slab);
  return page && drain_page(thread, slab, *page, neediest->id);
}

double StoreImpl::Pressure::look(const ClassEvents& events, uint32_t chunk_size, size_t pages) {
  const double read = static_cast<double>(events.evicted_main - main_evicted);
  const double unread = static_cast<double>(events.evicted_small - small_evicted);
  const double returned = static_cast<double>(events.ghost_hits - ghost_hits);
  main_evicted = events.evicted_main;
  small_evicted = events.evicted_small;
  ghost_hits = events.ghost_hits;
  const double lost = read + unread * kUnreadWeight + returned * kReturnWeight;
  const double now = lost * chunk_size / static_cast<double>(std::max<size_t>(1, pages));
  const double smoothed = rate.load(std::memory_order_relaxed) * 0.75 + now * 0.25;
  rate.store(smoothed, std::memory_order_relaxed);
  return smoothed;
}

}  // namespace ember::storage
