// SPDX-License-Identifier: BSD-3-Clause
#include "storage/background/sweeper.h"

#include <utility>

#include "base/check.h"

namespace ember::storage {
namespace {

// Pages swept in one round: some hundred microseconds.
constexpr size_t kPagesSweptARound = 4;
// Items between two rests, as many as memcached's crawler takes.
constexpr uint64_t kRestEvery = 1000;

}  // namespace

Sweeper::Sweeper(StoreCore& core, Evictor& evictor)
    : core_(core), evictor_(evictor), sweep_ordinals_(core.slabs.size()) {}

/// After each thousand items the sweep rests as long as it was told to; the rest of the janitor's
/// work goes on meanwhile.
bool Sweeper::resting() {
  const auto present = std::chrono::steady_clock::now();
  if (rest_due_us_ != 0) {
    rest_until_ = present + std::chrono::microseconds(std::exchange(rest_due_us_, 0));
  }
  return present < rest_until_;
}

/// Sweeps a page and notes the rest that is due for it. Returns how many items were looked at.
uint64_t Sweeper::sweep_page(ThreadState& thread, SlabClass& size_class, uint32_t page) {
  const uint64_t before = size_class.events.crawler_items_checked;
  const size_t freed = evictor_.sweep_page(thread, size_class, page);
  size_class.events.crawler_reclaimed += freed;
  const uint64_t checked = size_class.events.crawler_items_checked - before;
  check(freed <= checked, "a sweep frees only what it looks at");
  rest_due_us_ += checked * core_.tuning.sweep_rest_us.load(std::memory_order_relaxed) / kRestEvery;
  return checked;
}

bool Sweeper::sweep_classes(ThreadState& thread) {
  const uint64_t most = core_.tuning.sweep_items.load(std::memory_order_relaxed);
  size_t swept = 0;
  for (; sweep_class_ < core_.slabs.size(); ++sweep_class_, sweep_checked_ = 0) {
    SlabClass& size_class = core_.slabs[sweep_class_];
    size_t& ordinal = sweep_ordinals_[sweep_class_];
    MutexLock lock(size_class.mutex);
    const auto& numbers = size_class.pages();
    for (; ordinal < numbers.size() && (most == 0 || sweep_checked_ < most); ++ordinal) {
      const PageInfo& page = core_.pages.page(numbers[ordinal]);
      const UnixSeconds now = core_.now();
      if (page.earliest_expiry.load(std::memory_order_relaxed) > now || page.swept == now) {
        continue;
      }
      if (swept++ == kPagesSweptARound) {
        return true;  // here again next round
      }
      sweep_checked_ += sweep_page(thread, size_class, numbers[ordinal]);
    }
    ordinal = ordinal < numbers.size() ? ordinal : 0;
  }
  sweep_class_ = 1;
  return false;
}

bool Sweeper::crawl(const ClassSet& classes) {
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
bool Sweeper::crawl_some(ThreadState& thread) {
  const uint64_t most = core_.tuning.sweep_items.load(std::memory_order_relaxed);
  const MutexLock crawl(crawl_mutex_);
  size_t swept = 0;
  while (crawl_class_ < core_.slabs.size()) {
    SlabClass& size_class = core_.slabs[crawl_class_];
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
    crawl_checked_ += sweep_page(thread, size_class, numbers[crawl_ordinal_++]);
  }
  crawl_class_ = 0;
  check(crawl_ordinal_ == 0 && crawl_checked_ == 0, "a crawl ends at the end of a class");
  crawling_.store(false, std::memory_order_relaxed);
  return false;
}

bool Sweeper::sweep_some(ThreadState& thread) {
  if (!core_.tuning.sweep.load(std::memory_order_relaxed) || resting()) {
    return false;
  }
  return crawling_.load(std::memory_order_relaxed) ? crawl_some(thread) : sweep_classes(thread);
}

void Sweeper::add_to(StoreStats& stats) const {
  stats.crawl_running = crawling_.load(std::memory_order_relaxed);
  stats.crawls = crawls_.load(std::memory_order_relaxed);
}

}  // namespace ember::storage
