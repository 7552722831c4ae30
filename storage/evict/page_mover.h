// SPDX-License-Identifier: BSD-3-Clause
// PageMover: empties pages, so that they can leave their class: an item that another chunk of the
// class has room for is copied there, any other is evicted. Which page goes, and where to, is the
// PageBalancer's.
//
// Threads: any, under the class's mutex; continue_drains() the janitor, which locks each class.
// Invariant: a page that is being drained hands out no chunk (SlabClass::start_drain); it is
// released with the last chunk that a reader leaves.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/core/store_stats.h"
#include "storage/evict/evictor.h"
#include "storage/link/linker.h"
#include "storage/read/verifier.h"

namespace ember::storage {

class PageMover {
 public:
  PageMover(StoreCore& core, const Verifier& verifier, Linker& linker, Evictor& evictor)
      : core_(core), verifier_(verifier), linker_(linker), evictor_(evictor) {}

  /// The page that costs least to empty, of some of the class's; none if each is on its way already
  /// or has chunks that may be held for long.
  std::optional<uint32_t> cheapest_page(SlabClass& size_class) const
      EMBER_REQUIRES(size_class.mutex);

  /// Unlinks or moves all items of the page and has it leave the class for `for_class` (0: any) as
  /// soon as its last chunk is free. Requires: the page is the class's, and not on its way yet.
  void drain_page(ThreadState& thread, SlabClass& size_class, uint32_t page, uint8_t for_class)
      EMBER_REQUIRES(size_class.mutex);

  /// Empties pages on their way once more: items that were being written when their drain began.
  void continue_drains(ThreadState& thread) EMBER_REQUIRES(kJanitor);

  /// Fills in pages moved and items rescued.
  void add_to(StoreStats& stats) const;

 private:
  void empty_page(ThreadState& thread, SlabClass& size_class, uint32_t page)
      EMBER_REQUIRES(size_class.mutex);
  bool relocate(ThreadState& thread, SlabClass& size_class, uint64_t chunk)
      EMBER_REQUIRES(size_class.mutex);

  StoreCore& core_;
  const Verifier& verifier_;
  Linker& linker_;
  Evictor& evictor_;
  std::atomic<uint64_t> pages_moved_{0};
  std::atomic<uint64_t> rescues_{0};
};

}  // namespace ember::storage
