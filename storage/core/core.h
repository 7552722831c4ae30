// SPDX-License-Identifier: BSD-3-Clause
// StoreCore: what all parts of a store share: the options, the memory and how it is divided, the
// index, the order of writes. No behaviour of its own: whoever changes an item, a page or the index
// is a noun beside (storage/README.md).
//
// Ownership: refers to the region and the clock, which outlive it; owns the rest.
// Threads: any, as each member says.
// Lock order: class, then index bucket, then the order's or the flush horizon's mutex, then the
// superblock; or after the bucket anything inside the index. A thread holds one class at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "storage/core/store_options.h"
#include "storage/core/store_results.h"
#include "storage/core/store_tuning.h"
#include "storage/index/index.h"
#include "storage/item/chain.h"
#include "storage/item/item.h"
#include "storage/item/item_writer.h"
#include "storage/media/takeover.h"
#include "storage/order/flush_horizon.h"
#include "storage/order/write_order.h"
#include "storage/region/durable.h"
#include "storage/region/memory_region.h"
#include "storage/slab/page_table.h"
#include "storage/slab/size_classes.h"
#include "storage/slab/slab_classes.h"

namespace ember::storage {

struct StoreCore {
  /// `takeover`: what was found in the region. The index is opened by open_index().
  StoreCore(const StoreOptions& options, MemoryRegion& region, const Clock& clock,
            Takeover takeover);
  StoreCore(const StoreCore&) = delete;
  StoreCore& operator=(const StoreCore&) = delete;

  /// Makes a new, empty index with room for `expected_items` without growing. While no other thread
  /// uses the store. Errors: no addresses, no memory.
  Result<void> open_index(size_t expected_items);

  UnixSeconds now() const { return clock.now(); }

  /// The start is asked to end (StoreOptions::give_up).
  bool giving_up() const {
    return options.give_up != nullptr && options.give_up->load(std::memory_order_relaxed);
  }

  /// Why an item is dead; Miss::absent: it is alive.
  Miss why_dead(const Item& item) const {
    const UnixSeconds exptime = item.exptime();
    if (exptime != 0 && exptime <= now()) {
      return Miss::expired;
    }
    flushed.apply_due_flush();
    const uint64_t horizon = flushed.value();
    // Most stores were never flushed: then the sequence need not be read.
    return horizon != 0 && item.sequence() <= horizon ? Miss::flushed : Miss::absent;
  }
  bool dead(const Item& item) const { return why_dead(item) != Miss::absent; }
  /// Expired or flushed by the time the region was taken over.
  bool died_while_down(const Item& item) const {
    const UnixSeconds exptime = item.exptime();
    return (exptime != 0 && exptime <= takeover.noted) || item.sequence() <= flushed.value();
  }

  uint8_t class_of(const Item& item) const { return pages.class_of(pages.offset_of(&item)); }

  /// The parts of a value in several chunks; none for an item in one.
  Chain chain(const Item& item) const { return Chain::of(item, classes.largest()); }
  size_t part_count(size_t value_size) const {
    return Chain::count_for(value_size, classes.largest());
  }
  /// The chunk by which an item stands in its class's queue: the first part of a chained one.
  uint64_t queued_chunk(const Item& item) const {
    return item.chained() ? load_unaligned<uint64_t>(item.body()) : pages.offset_of(&item);
  }
  /// The item that the chunk belongs to: a part's head, else the chunk itself.
  uint64_t item_at_chunk(uint64_t chunk) const {
    const ChunkPlace place = pages.place_of(chunk);
    const PageInfo& page = pages.page(place.page);
    if (page.owners == nullptr) {
      return chunk;
    }
    const uint64_t owner = page.owners[place.index].load(std::memory_order_relaxed);
    return owner == 0 ? chunk : owner;
  }

  const StoreOptions options;
  MemoryRegion& region;
  const Clock& clock;
  const Durable durable;
  const Takeover takeover;
  const uint64_t salt;  // of checksums: the memory file's id
  SizeClasses classes;
  PageTable pages;
  SlabClasses slabs;
  std::unique_ptr<Index> index;
  WriteOrder order;
  mutable FlushHorizon flushed;
  StoreTuning tuning;
  std::atomic<size_t> memory_limit;  // StoreOptions::memory_limit, until it is changed
};

}  // namespace ember::storage
