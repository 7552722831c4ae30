// SPDX-License-Identifier: BSD-3-Clause
#include "storage/stats/store_counters.h"

#include <algorithm>

namespace ember::storage {
namespace {

uint64_t difference(const Counter& more, const Counter& less) {
  // Other threads count on while we read: never below zero.
  return more.get() > less.get() ? more.get() - less.get() : 0;
}

void add_events(ClassStats& stats, const ClassCounters& events, const ClassCounters& reset) {
  check(events.evicted >= reset.evicted && events.taken >= reset.taken,
        "a class's counts only rise");
  stats.evicted = events.evicted - reset.evicted;
  stats.evicted_nonzero = events.evicted_nonzero - reset.evicted_nonzero;
  stats.evicted_unfetched = events.evicted_unfetched - reset.evicted_unfetched;
  stats.evicted_active = events.evicted_active - reset.evicted_active;
  stats.expired_unfetched = events.expired_unfetched - reset.expired_unfetched;
  stats.reclaimed = events.reclaimed - reset.reclaimed;
  stats.crawler_reclaimed = events.crawler_reclaimed - reset.crawler_reclaimed;
  stats.crawler_items_checked = events.crawler_items_checked - reset.crawler_items_checked;
  stats.out_of_memory = events.out_of_memory - reset.out_of_memory;
  stats.moves_to_main = events.moves_to_main - reset.moves_to_main;
  stats.moves_within_main = events.moves_within_main - reset.moves_within_main;
  stats.direct_reclaims = events.direct_reclaims - reset.direct_reclaims;
  stats.evicted_time = events.evicted_time;
}

}  // namespace

ItemCounters& ItemCounters::operator+=(const ItemCounters& other) {
  items_added += other.items_added;
  items_removed += other.items_removed;
  bytes_added += other.bytes_added;
  bytes_removed += other.bytes_removed;
  return *this;
}

StoreCounters::StoreCounters(StoreCore& core)
    : core_(core),
      past_(core.slabs.size()),
      use_at_reset_(core.slabs.size()),
      sizes_(core.options.item_size_max) {}

void StoreCounters::attach(const ThreadCounters& thread) {
  MutexLock lock(threads_mutex_);
  check(thread.items.size() == past_.items.size() && thread.uses.size() == past_.uses.size(),
        "a thread counts for each class of this store");
  check(std::ranges::find(threads_, &thread) == threads_.end(), "a thread is attached once");
  threads_.push_back(&thread);
}

void StoreCounters::detach(const ThreadCounters& thread) {
  MutexLock lock(threads_mutex_);
  check(std::erase(threads_, &thread) == 1, "a thread that goes was attached once");
  for (size_t id = 0; id < past_.items.size(); ++id) {
    past_.items[id] += thread.items[id];
    past_.uses[id] += thread.uses[id];
  }
}

void StoreCounters::add_found(std::span<const ItemCounters> found) {
  MutexLock lock(threads_mutex_);
  check(found.size() == past_.items.size(), "what is found is counted by class");
  for (size_t id = 0; id < found.size(); ++id) {
    past_.items[id] += found[id];
  }
}

void StoreCounters::forget_found() {
  MutexLock lock(threads_mutex_);
  check(threads_.empty(), "only a start begins anew");
  past_.items.assign(past_.items.size(), {});
}

std::vector<ItemCounters> StoreCounters::items() const {
  MutexLock lock(threads_mutex_);
  std::vector<ItemCounters> sums = past_.items;
  check(sums.size() == core_.slabs.size(), "items are counted for each class");
  for (const ThreadCounters* thread : threads_) {
    for (size_t id = 0; id < sums.size(); ++id) {
      sums[id] += thread->items[id];
    }
  }
  return sums;
}

void StoreCounters::add_to(StoreStats& stats) const {
  for (const ItemCounters& counters : items()) {
    stats.items += difference(counters.items_added, counters.items_removed);
    stats.bytes += difference(counters.bytes_added, counters.bytes_removed);
  }
  stats.total_items = core_.order.last_relaxed() - items_at_reset_.load(std::memory_order_relaxed);
}

ClassStats StoreCounters::stats_of(SlabClass& size_class, const ItemCounters& items) const {
  ClassStats stats;
  stats.class_id = size_class.id();
  stats.chunk_size = size_class.chunk_size();
  stats.chunks_per_page = size_class.chunks_per_page();
  stats.pages = size_class.pages().size();
  stats.used_chunks =
      size_class.used_chunks() - std::min(size_class.used_chunks(), size_class.retired_chunks());
  stats.free_chunks = size_class.total_chunks() - stats.used_chunks;
  check(stats.used_chunks <= size_class.total_chunks(), "a class uses no chunk it has not");
  stats.items_small = static_cast<uint64_t>(std::max<int64_t>(0, size_class.small_count()));
  stats.items_main = static_cast<uint64_t>(std::max<int64_t>(0, size_class.main_count()));
  stats.items = difference(items.items_added, items.items_removed);
  stats.mem_requested = difference(items.bytes_added, items.bytes_removed);
  add_events(stats, size_class.events, size_class.events_at_reset);
  return stats;
}

std::vector<ClassStats> StoreCounters::class_stats() const {
  const std::vector<ItemCounters> counters = items();
  check(counters.size() == core_.slabs.size(), "items are counted for each class");
  std::vector<ClassStats> all;
  for (const auto& size_class : core_.slabs.all()) {
    MutexLock lock(size_class->mutex);
    if (!size_class->pages().empty()) {
      all.push_back(stats_of(*size_class, counters[size_class->id()]));
    }
  }
  return all;
}

std::vector<UseCounters> StoreCounters::use_since_start() const {
  std::vector<UseCounters> sums = past_.uses;
  for (const ThreadCounters* thread : threads_) {
    for (size_t id = 0; id < sums.size(); ++id) {
      sums[id] += thread->uses[id];
    }
  }
  return sums;
}

std::vector<UseCounters> StoreCounters::class_use() const {
  MutexLock lock(threads_mutex_);
  std::vector<UseCounters> sums = use_since_start();
  check(sums.size() == use_at_reset_.size(), "uses are counted for each class");
  for (size_t id = 0; id < sums.size(); ++id) {
    sums[id] -= use_at_reset_[id];
  }
  return sums;
}

void StoreCounters::reset() {
  {
    MutexLock lock(threads_mutex_);
    use_at_reset_ = use_since_start();
  }
  items_at_reset_.store(core_.order.last_relaxed(), std::memory_order_relaxed);
  for (const auto& size_class : core_.slabs.all()) {
    MutexLock lock(size_class->mutex);
    size_class->events_at_reset = size_class->events;
  }
}

/// Skips numbers, so that every write before has a smaller sequence than the first one counted, and
/// every write that sees the histogram on has a larger one.
void StoreCounters::track_sizes(bool on) {
  constexpr uint64_t kGap = uint64_t{1} << 20;
  const MutexLock lock(sizes_mutex_);
  if (!on) {
    sizes_.disable();
  } else if (!sizes_.on()) {
    const uint64_t from = core_.order.last() + kGap;
    sizes_.enable(from);
    const uint64_t first = core_.order.skip(kGap + 1);
    check(first > from, "what is written from now on is behind the first that counts");
    items_at_reset_.fetch_add(kGap + 1, std::memory_order_relaxed);
  }
}

}  // namespace ember::storage
