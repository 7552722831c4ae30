// SPDX-License-Identifier: BSD-3-Clause
#include "storage/background/resizer.h"

#include <algorithm>

#include "base/check.h"

namespace ember::storage {

Result<void> Resizer::resize(size_t limit) {
  const MutexLock lock(mutex_);
  const size_t wanted = limit / core_.pages.page_size();
  const size_t allowed = core_.pages.allowed();
  if (wanted < allowed) {
    core_.pages.add_excess(allowed - wanted);
    core_.pages.retire_free();
  } else if (auto grown = grow(wanted - allowed); !grown) {
    return grown;
  }
  check(core_.pages.allowed() == wanted, "the pages that stay are those of the limit");
  core_.memory_limit.store(limit, std::memory_order_relaxed);
  return {};
}

/// Grows in three steps: cancels pending decommits, commits retired pages again, then adds new
/// pages. The janitor may move a page from the first group to the second while this runs; their sum
/// is constant.
Result<void> Resizer::grow(size_t pages) {
  const size_t wanted = core_.pages.allowed() + pages;
  const size_t fresh = wanted - std::min(wanted, core_.pages.count());
  check(fresh <= pages, "new pages come after those that can come back");
  if (fresh != 0) {
    if (auto grown = core_.region.grow(wanted * core_.pages.page_size()); !grown) {
      return grown;
    }
  }
  const size_t back = pages - fresh - core_.pages.drop_excess(pages - fresh);
  check(back + fresh <= pages, "no more pages come back than are asked for");
  for (size_t i = 0; i < back; ++i) {
    if (auto taken = core_.pages.commit_retired(); !taken) {
      return taken;
    }
  }
  core_.pages.grow(wanted);
  return {};
}

bool Resizer::shrink_some(ThreadState& thread) {
  if (core_.pages.excess() == 0) {
    return false;
  }
  core_.pages.retire_free();
  if (core_.pages.excess() == 0 || core_.slabs.draining() || balancer_.move_planned()) {
    return false;  // the page on its way will do, or is waited for
  }
  if (!core_.options.evict) {
    return drain_empty_page(thread);
  }
  const uint8_t donor = balancer_.cheapest_donor(0);
  return donor != 0 && balancer_.plan_move(thread, core_.slabs[donor], 0);
}

/// Where nothing is evicted, a page goes only if nothing is in it.
bool Resizer::drain_empty_page(ThreadState& thread) {
  for (size_t number = 1; number < core_.slabs.size(); ++number) {
    SlabClass& size_class = core_.slabs[number];
    const MutexLock lock(size_class.mutex);
    const auto page = mover_.cheapest_page(size_class);
    if (page && core_.pages.page(*page).used == 0) {
      mover_.drain_page(thread, size_class, *page, 0);
      return true;
    }
  }
  return false;
}

}  // namespace ember::storage
