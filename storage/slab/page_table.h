// SPDX-License-Identifier: BSD-3-Clause
// PageTable: the arena's pages: which class each belongs to, what its chunks are, which are free.
// The pages' own bytes begin with a PageHeader (page_layout.h). Which chunk is given to whom is the
// SlabClass's, which page should go where the store's.
//
// Ownership: has a PageInfo for each page; refers to arena, region and classes, which outlive it.
// Threads: any. A page's class, once assigned, changes only when no chunk of the page is used or
// read: a thread that holds an item may ask for its class without a lock. The rest of a PageInfo
// belongs to the class's mutex unless it is atomic.
// Invariants: a page is free, a class's, or retired; a free page has no class, and no chunk of it
// is used; used + free + cached chunks of a class's page are all its chunks. Persistence: on a
// persistent region page 0 is the superblock's; a page's header is durable before its first chunk
// is used, and wiped before the page is free again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/item/item.h"
#include "storage/region/durable.h"
#include "storage/region/memory_region.h"
#include "storage/slab/chunk_states.h"
#include "storage/slab/growing_array.h"
#include "storage/slab/page_layout.h"
#include "storage/slab/size_classes.h"

namespace ember::storage {

/// What the store knows of a page. Threads: the class's mutex, but for what is atomic.
struct PageInfo {
  std::atomic<uint8_t> class_id{0};
  bool draining = false;  // its chunks are being emptied; none is given out
  uint8_t wanted_by = 0;  // the class a draining page is emptied for; 0: any
  bool listed = false;    // among its class's pages with free chunks
  uint32_t used = 0;      // chunks neither free nor cached
  uint32_t free = 0;      // chunks free and not cached
  uint32_t generation = 0;
  // Taken over unread from a state file: each item is checked before it is used.
  std::atomic<bool> unverified{false};
  UnixSeconds swept = 0;  // when expired items were last looked for
  std::atomic<UnixSeconds> earliest_expiry{kNever};
  std::unique_ptr<ChunkStates> states;
  /// Classes of large chunks only: the item a part belongs to, and how many replies send from the
  /// chunk.
  std::unique_ptr<std::atomic<uint64_t>[]> owners;
  std::unique_ptr<std::atomic<uint32_t>[]> pins;

  static constexpr UnixSeconds kNever = ~UnixSeconds{0};

  /// Notes that an item of the page expires then; 0: never.
  void expires_at(UnixSeconds exptime) {
    UnixSeconds known = earliest_expiry.load(std::memory_order_relaxed);
    while (exptime != 0 && exptime < known &&
           !earliest_expiry.compare_exchange_weak(known, exptime, std::memory_order_relaxed)) {
    }
  }
};

/// A chunk's place in its page.
struct ChunkPlace {
  uint32_t page = 0;
  uint32_t index = 0;
};

/// Chunks of a page that stand in the queues.
struct QueuedChunks {
  size_t small = 0;
  size_t main = 0;
};

class PageTable {
 public:
  /// Chunks from this size on can be pinned and can be parts of chained items.
  static constexpr size_t kLargeChunk = 8 * kKiB;

  /// `persistent`: the first page is the superblock's, and pages are described on media.
  struct Media {
    bool persistent = false;
    uint64_t file_id = 0;
    Durable durable;
  };
  /// All pages are free. `capacity`: bytes the arena may grow to; 0: it stays as it is.
  /// Requires: whole pages, of a size that pages can have.
  PageTable(std::span<std::byte> arena, size_t page_size, const SizeClasses& classes,
            size_t capacity = 0);

  /// Tells how pages are described on media. Requires: no page is given out yet.
  void set_media(const Media& media) { media_ = media; }

  /// Tells where the memory of retired pages goes back to. Requires: as set_media().
  void set_region(MemoryRegion& region) { region_ = &region; }

  size_t page_size() const { return size_t{1} << page_shift_; }

  /// Returns how many pages there are, retired ones too. Only grows.
  size_t count() const { return pages_.size(); }
  /// Returns a page. Requires: number < count().
  PageInfo& page(uint32_t number) { return pages_[number]; }
  const PageInfo& page(uint32_t number) const { return pages_[number]; }

  /// A page given to a class.
  struct Assigned {
    uint32_t page = 0;
    uint8_t wanted_by = 0;  // the class it was emptied for, 0 if none
  };
  /// Makes a free page the class's and writes its header. Returns nothing when there is none; pages
  /// that were emptied for other classes count only when `any`.
  /// Cost: on a persistent region a look at each chunk, and a flush of those that hold an item.
  std::optional<Assigned> assign(uint8_t class_id, bool any) EMBER_EXCLUDES(mutex_);
  /// Takes back a page whose chunks are all free; it is free, or retired if there are too many.
  /// Requires: the page is in no class's list any more.
  void release(uint32_t number) EMBER_EXCLUDES(mutex_);

  // ---- Recovery, before the store serves.

  /// Makes a page that an earlier process left the class's as it is; its chunks are all free until
  /// recovery says otherwise in their states. Then count_chunks().
  void adopt(uint32_t number, uint8_t class_id, uint32_t generation);
  /// Counts a page's used and free chunks by their states. Returns those in the queues.
  QueuedChunks count_chunks(uint32_t number);
  /// Removes a page's header from media: the next scan finds no page there.
  void wipe(uint32_t number);
  /// Says which pages are free, the one to be taken first last; and one more.
  /// Requires: they belong to no class.
  void set_free(std::vector<uint32_t> numbers) EMBER_EXCLUDES(mutex_);
  void add_free(uint32_t number) EMBER_EXCLUDES(mutex_);

  // ---- Fewer pages than there are, and more. Calls come one at a time, while other threads
  // release pages: that makes excess pages retired ones. Only these calls change the sum of both.

  /// Returns how many pages are not retired.
  size_t usable() const { return count() - retired(); }
  /// Returns how many pages have given their memory back.
  size_t retired() const { return retired_count_.load(std::memory_order_relaxed); }
  /// Returns how many pages are still to be retired, as they become free.
  size_t excess() const { return excess_.load(std::memory_order_relaxed); }
  /// Returns how many pages stay once the excess is gone.
  size_t allowed() EMBER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return usable() - excess();
  }
  /// Says that so many pages more are to be retired. Requires: pages <= allowed().
  void add_excess(size_t pages) EMBER_EXCLUDES(mutex_);
  /// Lets excess pages stay, at most so many. Returns how many.
  size_t drop_excess(size_t most) EMBER_EXCLUDES(mutex_);
  /// Retires free pages, as long as there are too many. Cost: a system call for each.
  void retire_free() EMBER_EXCLUDES(mutex_);
  /// Makes a retired page free again. Returns why not where the system has no memory for it.
  /// Requires: retired() != 0.
  Result<void> commit_retired() EMBER_EXCLUDES(mutex_);
  /// Adds pages, free, up to `count`. Requires: the region has grown before.
  void grow(size_t count) EMBER_EXCLUDES(mutex_);

  /// Return whether there are pages free for every class, and how many.
  bool any_free() const { return free_count_.load(std::memory_order_relaxed) != 0; }
  size_t free_count() const { return free_count_.load(std::memory_order_relaxed); }

  // ---- Places. Cost: a few instructions, without a lock.

  void* at(uint64_t offset) const { return base_ + offset; }
  Item* item(uint64_t offset) const { return reinterpret_cast<Item*>(base_ + offset); }
  uint64_t offset_of(const void* place) const {
    return static_cast<uint64_t>(static_cast<const std::byte*>(place) - base_);
  }

  uint32_t page_of(uint64_t offset) const { return static_cast<uint32_t>(offset >> page_shift_); }
  /// Returns the class of a chunk's page; 0 if that is free.
  uint8_t class_of(uint64_t offset) const {
    return pages_[page_of(offset)].class_id.load(std::memory_order_relaxed);
  }
  /// Returns the chunk that an offset lies in; its index may be beyond the page's chunks if the
  /// offset does not come from this table. Requires: the page is a class's, and its header before.
  ChunkPlace place_of(uint64_t offset) const;
  uint64_t offset_at(ChunkPlace place, uint32_t chunk_size) const {
    return (uint64_t{place.page} << page_shift_) + sizeof(PageHeader) +
           uint64_t{place.index} * chunk_size;
  }
  ChunkStates& states_of(uint64_t offset) { return *pages_[page_of(offset)].states; }

  /// Change or read the state of the chunk at an offset. Requires: a chunk of a class's page.
  uint8_t exchange_state(uint64_t offset, uint8_t state) {
    return states_of(offset).exchange(place_of(offset).index, state);
  }
  void set_state(uint64_t offset, uint8_t state) {
    states_of(offset).set(place_of(offset).index, state);
  }
  uint8_t state(uint64_t offset) const {
    return pages_[page_of(offset)].states->get(place_of(offset).index);
  }

  /// Returns the bytes of DRAM that the table takes.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void prepare(PageInfo& page, uint8_t class_id);
  void write_header(uint32_t number, uint8_t class_id);
  void clear_seals(uint32_t number, uint8_t class_id);
  std::optional<uint32_t> take_free(uint8_t class_id, bool any) EMBER_EXCLUDES(mutex_);
  bool retire(uint32_t number) EMBER_REQUIRES(mutex_);
  std::optional<uint32_t> pop_free(uint8_t class_id, bool any) EMBER_REQUIRES(mutex_);
  void push_free(uint32_t number) EMBER_REQUIRES(mutex_);
  bool balanced() const EMBER_REQUIRES(mutex_);

  std::byte* base_;
  const SizeClasses& classes_;
  Media media_;
  const unsigned page_shift_;
  std::vector<uint64_t> reciprocals_;  // of chunk sizes, 32 fractional bits, by class
  GrowingArray<PageInfo> pages_;
  std::atomic<size_t> free_count_;  // for every class
  std::atomic<size_t> unused_;      // with those that wait for a class
  std::atomic<size_t> bytes_{0};
  MemoryRegion* region_ = nullptr;
  std::atomic<size_t> excess_{0};
  std::atomic<size_t> retired_count_{0};
  Mutex mutex_;
  std::vector<uint32_t> retired_ EMBER_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_ EMBER_GUARDED_BY(mutex_);  // taken from the back
};

}  // namespace ember::storage
