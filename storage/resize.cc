// SPDX-License-Identifier: BSD-3-Clause
// The store's limit, changed while it runs; and pages moved on command.
#include <algorithm>

#include "storage/store_impl.h"

namespace ember::storage {

/// Growing is done when this returns. Shrinking takes free pages at once; the janitor empties the
/// others, and each goes back to the system as its last reader leaves it.
Result<void> StoreImpl::resize(size_t limit) {
  const MutexLock lock(resize_mutex_);
  const size_t wanted = limit / pages_.page_size();
  const size_t allowed = pages_.allowed();
  if (wanted < allowed) {
    pages_.add_excess(allowed - wanted);
    pages_.retire_free();
  } else if (auto grown = grow(wanted - allowed); !grown) {
    return grown;
  }
  memory_limit_.store(limit, std::memory_order_relaxed);
  return {};
}

/// Pages that were to go stay; those that went come back; the rest is new. Of the first two there
/// are exactly so many, but the janitor makes the one the other meanwhile.
Result<void> StoreImpl::grow(size_t pages) {
  const size_t wanted = pages_.allowed() + pages;
  const size_t fresh = wanted - std::min(wanted, pages_.count());
  if (fresh != 0) {
    if (auto grown = region_.grow(wanted * pages_.page_size()); !grown) {
      return grown;
    }
  }
  const size_t back = pages - fresh - pages_.drop_excess(pages - fresh);
  for (size_t i = 0; i < back; ++i) {
    if (auto taken = pages_.commit_retired(); !taken) {
      return taken;
    }
  }
  pages_.grow(wanted);
  return {};
}

/// One page less, if there are more than the limit allows; true if there is more to do.
bool StoreImpl::shrink_some(ThreadState& thread) {
  if (pages_.excess() == 0) {
    return false;
  }
  pages_.retire_free();
  if (pages_.excess() == 0 || drains_.load(std::memory_order_relaxed) != 0 ||
      next_move_.from != 0) {
    return false;  // what is on its way will do, or is waited for
  }
  if (!options_.evict) {
    return drain_empty_page(thread);
  }
  const uint8_t donor = cheapest_donor(0);
  if (donor == 0) {
    return false;
  }
  prepare_move(thread, *slabs_[donor], 0);
  return next_move_.from != 0;
}

/// With -M nothing is evicted: a page goes only if nothing is in it.
bool StoreImpl::drain_empty_page(ThreadState& thread) {
  for (size_t number = 1; number < slabs_.size(); ++number) {
    SlabClass& size_class = *slabs_[number];
    const MutexLock lock(size_class.mutex);
    const auto page = cheapest_page(size_class);
    if (page && pages_.page(*page).used == 0) {
      return drain_page(thread, size_class, *page, 0);
    }
  }
  return false;
}

PageMove StoreImpl::move_page(int from, int to) {
  if (from == to) {
    return PageMove::same;
  }
  const int last = static_cast<int>(class_count());
  if (from < -1 || to < 0 || from > last || to > last) {
    return PageMove::bad_class;
  }
  if (move_asked_.load(std::memory_order_acquire)) {
    return PageMove::busy;
  }
  const MutexLock lock(move_mutex_);
  Move move{.from = static_cast<uint8_t>(std::max(from, 0)), .to = static_cast<uint8_t>(to)};
  if (from == -1) {
    move.from = richest_class(move.to);
    if (move.from == 0) {
      return PageMove::bad_class;  // memcached's word for it
    }
  }
  const bool spare = move.from == 0 ? pages_.any_free() : page_count(*slabs_[move.from]) > 1;
  if (!spare) {
    return PageMove::no_spare;
  }
  asked_ = move;
  asked_on_its_way_ = false;
  move_asked_.store(true, std::memory_order_release);
  return PageMove::ok;
}

size_t StoreImpl::page_count(SlabClass& size_class) const {
  const MutexLock lock(size_class.mutex);
  return size_class.pages().size();
}

/// Of the classes with more than one page, the one with the most; 0 if there is none.
uint8_t StoreImpl::richest_class(uint8_t but) const {
  uint8_t richest = 0;
  size_t most = 1;
  for (size_t id = 1; id < slabs_.size(); ++id) {
    const size_t count = page_count(*slabs_[id]);
    if (id != but && count > most) {
      most = count;
      richest = static_cast<uint8_t>(id);
    }
  }
  return richest;
}

/// A page moved on command, step by step: the page is made ready, drained, and given to its class.
void StoreImpl::obey_move(ThreadState& thread) {
  const MutexLock lock(move_mutex_);
  if (asked_.from != 0 && !asked_on_its_way_) {
    if (page_count(*slabs_[asked_.from]) == 0) {
      move_asked_.store(false, std::memory_order_release);  // others were faster
      return;
    }
    if (next_move_.from == 0 && drains_.load(std::memory_order_relaxed) == 0) {
      prepare_move(thread, *slabs_[asked_.from], asked_.to);
      asked_.page = next_move_.page;
      asked_on_its_way_ = next_move_.from != 0;  // else every page is held: later
    }
    return;
  }
  if (asked_.from != 0) {
    const PageInfo& page = pages_.page(asked_.page);
    const bool there = page.class_id.load(std::memory_order_relaxed) == asked_.from;
    if (there && (next_move_.from != 0 || drains_.load(std::memory_order_relaxed) != 0)) {
      return;  // not yet empty
    }
  }
  if (asked_.to != 0) {
    SlabClass& size_class = *slabs_[asked_.to];
    const MutexLock class_lock(size_class.mutex);
    // Unless a writer of the class was faster.
    if (asked_.from == 0 ||
        pages_.page(asked_.page).class_id.load(std::memory_order_relaxed) == 0) {
      claim_page(size_class);
    }
  }
  move_asked_.store(false, std::memory_order_release);
}

/// Numbers are skipped, so that every write before has a smaller one and every write after knows.
void StoreImpl::track_sizes(bool on) {
  constexpr uint64_t kGap = uint64_t{1} << 20;
  const MutexLock lock(resize_mutex_);
  if (!on) {
    sizes_.disable();
  } else if (!sizes_.on()) {
    sizes_.enable(last_cas_.load() + kGap);
    const uint64_t sequence = last_cas_.fetch_add(kGap + 1) + kGap + 1;
    items_at_reset_.fetch_add(kGap + 1, std::memory_order_relaxed);
    if (sequence >= cas_limit_.load(std::memory_order_relaxed)) {
      reserve_cas(sequence);
    }
  }
}

}  // namespace ember::storage
