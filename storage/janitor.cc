// SPDX-License-Identifier: BSD-3-Clause
// The background: expired items, chunks nobody collects, pages on the move, old access clocks.
#include <chrono>
#include <utility>

#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// Pages swept and buckets looked at in one round: some hundred microseconds.
constexpr size_t kPagesSweptARound = 4;
constexpr size_t kClockBuckets = 4096;
// Items between two rests, as many as memcached's crawler takes.
constexpr uint64_t kRestEvery = 1000;
// A pass over the clocks must come around well before they wrap (9.1 h - 7.8 h).
constexpr UnixSeconds kClockPassEvery = 1800;

}  // namespace

/// After each thousand items the sweep rests as long as it was told to; the rest of the janitor's
/// work goes on meanwhile.
bool StoreImpl::resting() {
  const auto present = std::chrono::steady_clock::now();
  if (rest_due_us_ != 0) {
    rest_until_ = present + std::chrono::microseconds(std::exchange(rest_due_us_, 0));
  }
  return present < rest_until_;
}

/// What was looked at since the class had checked `before` items; the rest due for it is noted.
uint64_t StoreImpl::note_checked(uint64_t before, const SlabClass& size_class) {
  const uint64_t checked = size_class.events.crawler_items_checked - before;
  rest_due_us_ += checked * tuning_.sweep_rest_us.load(std::memory_order_relaxed) / kRestEvery;
  return checked;
}

bool StoreImpl::sweep_classes(ThreadState& thread) {
  const uint64_t most = tuning_.sweep_items.load(std::memory_order_relaxed);
  size_t swept = 0;
  for (; sweep_class_ < slabs_.size(); ++sweep_class_, sweep_checked_ = 0) {
    SlabClass& size_class = *slabs_[sweep_class_];
    size_t& ordinal = sweep_ordinals_[sweep_class_];
    MutexLock lock(size_class.mutex);
    const auto& numbers = size_class.pages();
    for (; ordinal < numbers.size() && (most == 0 || sweep_checked_ < most); ++ordinal) {
      const PageInfo& page = pages_.page(numbers[ordinal]);
      if (page.earliest_expiry.load(std::memory_order_relaxed) > now() || page.swept == now()) {
        continue;
      }
      if (swept++ == kPagesSweptARound) {
        return true;  // here again next round
      }
      const uint64_t before = size_class.events.crawler_items_checked;
      size_class.events.crawler_reclaimed += sweep_page(thread, size_class, numbers[ordinal]);
      sweep_checked_ += note_checked(before, size_class);
    }
    ordinal = ordinal < numbers.size() ? ordinal : 0;
  }
  sweep_class_ = 1;
  return false;
}

bool StoreImpl::crawl(const ClassSet& classes) {
  if (crawling_.load(std::memory_order_relaxed)) {
    return false;  // without the lock: the janitor has it while it looks
  }
  const MutexLock lock(crawl_mutex_);
  crawl_classes_ = classes;
  crawling_.store(true, std::memory_order_relaxed);
  crawls_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

/// As the sweep, but of all pages of the classes asked for, whatever is known of their expiry.
bool StoreImpl::crawl_some(ThreadState& thread) {
  const uint64_t most = tuning_.sweep_items.load(std::memory_order_relaxed);
  const MutexLock crawl(crawl_mutex_);
  size_t swept = 0;
  while (crawl_class_ < slabs_.size()) {
    SlabClass& size_class = *slabs_[crawl_class_];
    MutexLock lock(size_class.mutex);
    const auto& numbers = size_class.pages();
    const bool enough = most != 0 && crawl_checked_ >= most;
    if (!crawl_classes_[crawl_class_] || enough || crawl_ordinal_ >= numbers.size()) {
      ++crawl_class_;
      crawl_ordinal_ = 0;
      crawl_checked_ = 0;
      continue;
    }
    if (swept++ == kPagesSweptARound) {
      return true;
    }
    const uint64_t before = size_class.events.crawler_items_checked;
    size_class.events.crawler_reclaimed +=
        sweep_page(thread, size_class, numbers[crawl_ordinal_++]);
    crawl_checked_ += note_checked(before, size_class);
  }
  crawl_class_ = 0;
  crawling_.store(false, std::memory_order_relaxed);
  return false;
}

void StoreImpl::settle_access_clocks() {
  if (clock_bucket_ == 0 && now() - clock_pass_ < kClockPassEvery) {
    return;
  }
  if (clock_bucket_ == 0) {
    clock_pass_ = now();
  }
  clock_bucket_ = index_->walk(clock_bucket_, kClockBuckets, [this](Index::Slot& slot) {
    const IndexEntry entry(slot.load(std::memory_order_relaxed));
    if (!entry.empty() && entry.idle_seconds(now()) > IndexEntry::kMaxIdle) {
      uint64_t expected = entry.bits();
      slot.compare_exchange_strong(expected, entry.with_idle(now(), IndexEntry::kMaxIdle).bits(),
                                   std::memory_order_relaxed);
    }
  });
}

bool StoreImpl::maintain(ThreadState& thread) {
  janitor_rounds_.fetch_add(1, std::memory_order_relaxed);
  flushed_.settle();
  if (region_.persistent() && noted_ != now()) {
    noted_ = now();
    Superblock::note_time(region_, noted_);
  }
  adopt_orphans(thread);
  if (verify_some()) {
    thread.quiesce();
    return true;
  }
  bool more = false;
  if (tuning_.sweep.load(std::memory_order_relaxed) && !resting()) {
    more = crawling_.load(std::memory_order_relaxed) ? crawl_some(thread) : sweep_classes(thread);
  }
  settle_access_clocks();
  if (drains_.load(std::memory_order_relaxed) != 0) {
    continue_drains(thread);
  }
  if (move_asked_.load(std::memory_order_acquire)) {
    obey_move(thread);
  }
  const bool shrinking = shrink_some(thread);
  balance(thread);
  thread.quiesce();
  return more || shrinking;
}

}  // namespace ember::storage
