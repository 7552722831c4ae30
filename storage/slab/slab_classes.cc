// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/slab_classes.h"

#include "base/check.h"

namespace ember::storage {
namespace {

/// A chunk in this state holds nothing that a reader or the index can reach from now on.
bool can_be_given(uint8_t state) {
  return state == chunk_state::kBusy || state == chunk_state::kRetired ||
         state == chunk_state::kLingering;
}

}  // namespace

SlabClasses::SlabClasses(PageTable& pages, const SizeClasses& sizes)
    : pages_(pages), sizes_(sizes), classes_(sizes.count() + 1) {
  start_over();
}

void SlabClasses::start_over() {
  check(!draining(), "classes begin anew while no page is on its way");
  for (size_t id = 0; id < classes_.size(); ++id) {
    classes_[id] = std::make_unique<SlabClass>(static_cast<uint8_t>(id), pages_, sizes_);
  }
}

void SlabClasses::give_all(std::span<const uint64_t> chunks) {
  while (!chunks.empty()) {
    SlabClass& size_class = of(chunks.front());
    debug_check(size_class.id() != 0, "a chunk that is given is in a page of a class");
    MutexLock lock(size_class.mutex);
    size_t count = 0;
    // A run of one class under one lock.
    while (count < chunks.size() && pages_.class_of(chunks[count]) == size_class.id()) {
      const uint64_t chunk = chunks[count++];
      const uint8_t state = pages_.state(chunk);
      debug_check(can_be_given(state), "a chunk that is given is busy, retired or lingering");
      if (state == chunk_state::kRetired) {
        size_class.note_reclaimed();
      }
      if (size_class.give(chunk)) {
        release_page(size_class, pages_.page_of(chunk));
        break;  // the page has no class any more
      }
    }
    chunks = chunks.subspan(count);
  }
}

void SlabClasses::release_page(SlabClass& size_class, uint32_t page) {
  debug_check(pages_.page(page).draining, "a page that is released was drained");
  size_class.remove_page(page);
  const uint8_t wanted_by = pages_.page(page).wanted_by;
  if (pages_.excess() != 0) {
    // The class that waits for the page waits in vain: the page may be decommitted.
    classes_[wanted_by]->pages_coming.store(0, std::memory_order_relaxed);
  }
  pages_.release(page);
  const int before = drains_.fetch_sub(1, std::memory_order_relaxed);
  check(before > 0, "each page released was counted when its drain began");
}

bool SlabClasses::claim_page(SlabClass& size_class, bool any) {
  debug_check(size_class.id() != 0, "class 0 has no pages");
  const auto assigned = pages_.assign(size_class.id(), any);
  if (!assigned) {
    return false;
  }
  debug_check(any || assigned->wanted_by == 0 || assigned->wanted_by == size_class.id(),
              "a page emptied for another class is taken only by who asked for any");
  classes_[assigned->wanted_by]->pages_coming.store(0, std::memory_order_relaxed);
  size_class.add_page(assigned->page);
  return true;
}

bool SlabClasses::start_drain(SlabClass& size_class, uint32_t number, uint8_t for_class) {
  PageInfo& page = pages_.page(number);
  check(!page.draining, "a page's drain begins once");
  check(page.class_id.load(std::memory_order_relaxed) == size_class.id(),
        "a class drains pages of its own");
  drains_.fetch_add(1, std::memory_order_relaxed);
  page.wanted_by = for_class;
  classes_[for_class]->pages_coming.fetch_add(1, std::memory_order_relaxed);
  if (!size_class.start_drain(number)) {
    return false;
  }
  release_page(size_class, number);
  return true;
}

}  // namespace ember::storage
