// SPDX-License-Identifier: BSD-3-Clause
// Verifier: items that were taken over by a state file, unread. The memory file may have been
// damaged since, so each item of an unverified page is checked whenever a call comes by it, until
// the janitor has been through all pages; what is damaged is dropped.
// Not Recovery, which reads all items before the store serves.
//
// Threads: intact() and is_item() any; the rest is the janitor's.
// Cost: once all pages are verified, and in stores without a state file, one relaxed load a call.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/core/core.h"
#include "storage/core/janitor_role.h"

namespace ember::storage {

class Verifier {
 public:
  explicit Verifier(StoreCore& core) : core_(core) {}

  /// False for an item that is damaged, of a page that was taken over unread.
  bool intact(uint64_t offset) const {
    return unverified_pages_.load(std::memory_order_relaxed) == 0 || check_unverified(offset);
  }
  /// The chunk holds the item of this key, undamaged. Requires: an entry of the index names it.
  bool is_item(uint64_t offset, std::string_view key) const {
    return core_.pages.item(offset)->has_key(key) && intact(offset);
  }

  /// Restart: so many pages were taken over unread (PageInfo::unverified).
  void start(size_t unverified_pages) EMBER_REQUIRES(kJanitor);
  /// Restart: nothing was taken over after all.
  void forget() EMBER_REQUIRES(kJanitor);

  /// Verifies the next pages, some hundred microseconds' worth. Returns true if there was one.
  bool verify_some() EMBER_REQUIRES(kJanitor);
  /// Returns true if no item of the page is damaged. Locks the page's class.
  bool verify_page(uint32_t page) EMBER_REQUIRES(kJanitor);

  /// Items found damaged and dropped so far.
  uint64_t damaged_items() const { return damaged_items_.load(); }

 private:
  bool check_unverified(uint64_t offset) const;
  bool names_item(uint64_t chunk, uint8_t state) const;
  void drop_damaged() EMBER_REQUIRES(kJanitor);
  void free_damaged(uint64_t chunk);
  void free_parts_of(uint64_t head);

  StoreCore& core_;
  std::atomic<size_t> unverified_pages_{0};
  uint32_t next_page_ EMBER_GUARDED_BY(kJanitor) = 0;
  // Chunks of damaged items, until they are out of the index.
  std::vector<uint64_t> damaged_ EMBER_GUARDED_BY(kJanitor);
  std::atomic<uint64_t> damaged_items_{0};
};

}  // namespace ember::storage
