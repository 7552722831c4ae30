// SPDX-License-Identifier: BSD-3-Clause
// What the store counts, summed when somebody asks.
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

uint64_t difference(const Counter& more, const Counter& less) {
  // Other threads count on while we read: never below zero.
  return more.get() > less.get() ? more.get() - less.get() : 0;
}

void add_events(ClassStats& stats, const ClassEvents& events, const ClassEvents& reset) {
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

ThreadState::ClassChange& ThreadState::ClassChange::operator+=(const ClassChange& other) {
  items_added += other.items_added;
  items_removed += other.items_removed;
  bytes_added += other.bytes_added;
  bytes_removed += other.bytes_removed;
  return *this;
}

ClassUse& ClassUse::operator+=(const ClassUse& other) {
  get_hits += other.get_hits;
  sets += other.sets;
  delete_hits += other.delete_hits;
  incr_hits += other.incr_hits;
  decr_hits += other.decr_hits;
  cas_hits += other.cas_hits;
  cas_badval += other.cas_badval;
  touch_hits += other.touch_hits;
  return *this;
}

ClassUse& ClassUse::operator-=(const ClassUse& other) {
  get_hits -= other.get_hits;
  sets -= other.sets;
  delete_hits -= other.delete_hits;
  incr_hits -= other.incr_hits;
  decr_hits -= other.decr_hits;
  cas_hits -= other.cas_hits;
  cas_badval -= other.cas_badval;
  touch_hits -= other.touch_hits;
  return *this;
}

std::vector<ThreadState::ClassChange> StoreImpl::class_changes() const {
  MutexLock lock(threads_mutex_);
  std::vector<ThreadState::ClassChange> sums = past_changes_;
  for (const ThreadState* thread : threads_) {
    for (size_t id = 0; id < sums.size(); ++id) {
      sums[id] += thread->changes_[id];
    }
  }
  return sums;
}

StoreStats StoreImpl::stats() const {
  StoreStats stats;
  for (const ThreadState::ClassChange& change : class_changes()) {
    stats.items += difference(change.items_added, change.items_removed);
    stats.bytes += difference(change.bytes_added, change.bytes_removed);
  }
  stats.total_items =
      last_cas_.load(std::memory_order_relaxed) - items_at_reset_.load(std::memory_order_relaxed);
  stats.memory_limit = memory_limit_.load(std::memory_order_relaxed);
  stats.memory_capacity = region_.capacity();
  stats.pages_excess = pages_.excess();
  stats.pages_free = pages_.free_count();
  stats.pages_assigned = pages_.usable() - stats.pages_free;
  stats.pages_moved = pages_moved_.load(std::memory_order_relaxed);
  stats.index_bytes = index_->bytes();
  stats.hash_power = index_->power();
  stats.index_growing = index_->growing();
  stats.rescues = rescues_.load(std::memory_order_relaxed);
  stats.move_running =
      drains_.load(std::memory_order_relaxed) != 0 || move_asked_.load(std::memory_order_relaxed);
  stats.crawl_running = crawling_.load(std::memory_order_relaxed);
  stats.crawls = crawls_.load(std::memory_order_relaxed);
  stats.janitor_rounds = janitor_rounds_.load(std::memory_order_relaxed);
  stats.metadata_bytes = pages_.bytes();
  for (const auto& size_class : slabs_) {
    MutexLock lock(size_class->mutex);
    stats.metadata_bytes += size_class->ghost.bytes();
  }
  return stats;
}

ClassStats StoreImpl::figures_of(SlabClass& size_class) const {
  ClassStats stats;
  stats.class_id = size_class.id();
  stats.chunk_size = size_class.chunk_size();
  stats.chunks_per_page = size_class.chunks_per_page();
  stats.pages = size_class.pages().size();
  stats.used_chunks =
      size_class.used_chunks() - std::min(size_class.used_chunks(), size_class.retired_chunks());
  stats.free_chunks = size_class.total_chunks() - stats.used_chunks;
  stats.items_small = static_cast<uint64_t>(std::max<int64_t>(0, size_class.small_count()));
  stats.items_main = static_cast<uint64_t>(std::max<int64_t>(0, size_class.main_count()));
  add_events(stats, size_class.events, size_class.events_at_reset);
  return stats;
}

std::vector<ClassStats> StoreImpl::class_stats() const {
  const auto changes = class_changes();
  std::vector<ClassStats> all;
  for (const auto& size_class : slabs_) {
    MutexLock lock(size_class->mutex);
    if (size_class->pages().empty()) {
      continue;
    }
    ClassStats stats = figures_of(*size_class);
    const auto& change = changes[size_class->id()];
    stats.items = difference(change.items_added, change.items_removed);
    stats.mem_requested = difference(change.bytes_added, change.bytes_removed);
    all.push_back(stats);
  }
  return all;
}

std::vector<ClassUse> StoreImpl::class_use_since_start() const {
  std::vector<ClassUse> sums = past_uses_;
  for (const ThreadState* thread : threads_) {
    for (size_t id = 0; id < sums.size(); ++id) {
      sums[id] += thread->uses_[id];
    }
  }
  return sums;
}

std::vector<ClassUse> StoreImpl::class_use() const {
  MutexLock lock(threads_mutex_);
  std::vector<ClassUse> sums = class_use_since_start();
  for (size_t id = 0; id < sums.size(); ++id) {
    sums[id] -= use_at_reset_[id];
  }
  return sums;
}

void StoreImpl::reset_stats() {
  {
    MutexLock lock(threads_mutex_);
    use_at_reset_ = class_use_since_start();
  }
  items_at_reset_.store(last_cas_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (const auto& size_class : slabs_) {
    MutexLock lock(size_class->mutex);
    size_class->events_at_reset = size_class->events;
  }
}

}  // namespace ember::storage
