// SPDX-License-Identifier: BSD-3-Clause
// The background: expired items, chunks nobody collects, pages on the move, old access clocks.
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// Pages swept, buckets looked at, in one round: some hundred microseconds.
constexpr size_t kSweptPages = 4;
constexpr size_t kClockBuckets = 4096;
// A pass over the clocks must come around well before they wrap (9.1 h - 7.8 h).
constexpr UnixSeconds kClockPassEvery = 1800;

}  // namespace

bool StoreImpl::sweep_some(ThreadState& thread) {
  size_t swept = 0;
  while (sweep_class_ < slabs_.size()) {
    SlabClass& slab = *slabs_[sweep_class_];
    MutexLock lock(slab.mutex);
    const auto& numbers = slab.pages();
    for (; sweep_ordinal_ < numbers.size(); ++sweep_ordinal_) {
      const PageInfo& page = pages_.page(numbers[sweep_ordinal_]);
      if (page.earliest_expiry.load(std::memory_order_relaxed) > now() || page.swept == now()) {
        continue;
      }
      if (swept++ == kSweptPages) {
        return true;  // here again next round
      }
      slab.events.crawler_reclaimed += sweep_page(thread, slab, numbers[sweep_ordinal_]);
    }
    ++sweep_class_;
    sweep_ordinal_ = 0;
  }
  sweep_class_ = 1;
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
  if (region_.lasting() && noted_ != now()) {
    noted_ = now();
    Superblock::note_time(region_, noted_);
  }
  adopt_orphans(thread);
  if (settle_doubts()) {
    thread.quiesce();
    return true;
  }
  const bool more = sweep_some(thread);
  settle_access_clocks();
  if (drains_.load(std::memory_order_relaxed) != 0) {
    continue_drains(thread);
  }
  balance(thread);
  thread.quiesce();
  return more;
}

}  // namespace ember::storage
