// SPDX-License-Identifier: BSD-3-Clause
// SlabClasses: all size classes of a store, and what goes between them and the page table: chunks
// given back to whichever class they belong to, free pages claimed by a class, pages drained and
// released. Which page goes where is decided above.
//
// Ownership: owns the SlabClass objects; refers to the page table.
// Threads: any; a class is locked for each call, or by the caller where the method says so. No call
// locks a second class. `start_over` only while no other thread uses the store.
// Invariant: draining() counts the pages with PageInfo::draining that are not released yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "storage/slab/page_table.h"
#include "storage/slab/size_classes.h"
#include "storage/slab/slab_class.h"

namespace ember::storage {

class SlabClasses {
 public:
  SlabClasses(PageTable& pages, const SizeClasses& sizes);

  /// Ids run from 0 to this, exclusive; class 0 has no pages ever.
  size_t size() const { return classes_.size(); }
  SlabClass& operator[](size_t id) const { return *classes_[id]; }
  std::span<const std::unique_ptr<SlabClass>> all() const { return classes_; }

  /// The class of a chunk. Requires: its page has a class.
  SlabClass& of(uint64_t chunk) const { return *classes_[pages_.class_of(chunk)]; }

  /// Makes chunks free that are busy, retired or lingering. Releases a draining page that becomes
  /// empty by it. Costs one lock for a run of chunks of one class.
  void give(uint64_t chunk) { give_all({&chunk, 1}); }
  void give_all(std::span<const uint64_t> chunks);

  /// Gives the class a free page; with `any` one that was emptied for another class, too. Returns
  /// false if there is none.
  bool claim_page(SlabClass& size_class, bool any = false) EMBER_REQUIRES(size_class.mutex);

  /// From now on no chunk of the page is handed out; it goes to `for_class` (0: any) when its last
  /// chunk is given. Returns true if the page was empty: then it is released already.
  bool start_drain(SlabClass& size_class, uint32_t page, uint8_t for_class)
      EMBER_REQUIRES(size_class.mutex);
  /// True while some page is on its way from its class.
  bool draining() const { return drains_.load(std::memory_order_relaxed) != 0; }

  /// Restart: all classes are as new, without pages.
  void start_over();

 private:
  void release_page(SlabClass& size_class, uint32_t page) EMBER_REQUIRES(size_class.mutex);

  PageTable& pages_;
  const SizeClasses& sizes_;
  std::vector<std::unique_ptr<SlabClass>> classes_;  // by id
  std::atomic<int> drains_{0};
};

}  // namespace ember::storage
