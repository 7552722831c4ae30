// SPDX-License-Identifier: BSD-3-Clause
// PageTable: the arena's pages: which class each belongs to, what its chunks are, which are free.
// The pages' own bytes begin with a PageHeader, by which a page describes itself on media.
//
// Threads: a page's class, once assigned, changes only when no chunk of it is used or read; so
// whoever holds an item may ask for its class. The rest of a PageInfo belongs to the class's mutex
// unless it is atomic.
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
#include "storage/slab/size_classes.h"

namespace ember::storage {

/// Pages are a power of two, 64 KiB to 1 MiB: an arena should have some hundreds of them, that
/// each size in use gets its share.
inline constexpr size_t kLargestPage = kMiB;
inline constexpr size_t kSmallestPage = 64 * kKiB;
size_t page_size_for(size_t arena_size);

/// The first bytes of every page that belongs to a class. Part of the media format.
struct PageHeader {
  static constexpr uint64_t kMagic = 0x3130676150626d45;  // "EmbPag01", little endian
  uint64_t magic;
  uint32_t page;        // its number in the arena
  uint32_t generation;  // how often the page was given to a class
  uint32_t chunk_size;
  uint32_t class_id;
  uint64_t file_id;   // SuperblockRecord::file_id; 0 in DRAM
  uint64_t checksum;  // XXH3 of the bytes before
  uint8_t reserved[24];

  /// True if the page's first bytes are what write_header left there.
  bool sound(uint32_t number, uint64_t file) const;
};
static_assert(sizeof(PageHeader) == 64 && std::is_trivially_copyable_v<PageHeader>);

/// Bytes of a page that chunks fill.
constexpr size_t page_payload(size_t page_size) { return page_size - sizeof(PageHeader); }

struct PageInfo {
  std::atomic<uint8_t> class_id{0};
  bool draining = false;  // its chunks are being emptied; none is given out
  uint8_t wanted_by = 0;  // the class a draining page is emptied for; 0: whoever comes
  bool listed = false;    // among its class's pages with free chunks
  uint32_t used = 0;      // chunks neither free nor cached
  uint32_t free = 0;      // chunks free and not cached
  uint32_t generation = 0;
  // Taken over unread from a state file: its items are looked at before they are believed.
  std::atomic<bool> unverified{false};
  UnixSeconds swept = 0;  // when expired items were last looked for
  std::atomic<UnixSeconds> earliest_expiry{kNever};
  std::unique_ptr<ChunkStates> states;
  /// Classes of large chunks only: whose first part a chunk is, and who sends from it.
  std::unique_ptr<std::atomic<uint64_t>[]> owners;
  std::unique_ptr<std::atomic<uint32_t>[]> pins;

  static constexpr UnixSeconds kNever = ~UnixSeconds{0};

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
  /// `capacity`: bytes the arena may grow to; 0: it stays as it is.
  PageTable(std::span<std::byte> arena, size_t page_size, const SizeClasses& classes,
            size_t capacity = 0);

  /// Before any page is given out: the region's own way with pages.
  void set_media(const Media& media) { media_ = media; }

  /// Where the memory of pages set aside goes back to.
  void set_region(MemoryRegion& region) { region_ = &region; }

  size_t page_size() const { return size_t{1} << page_shift_; }

  size_t count() const { return pages_.size(); }
  PageInfo& page(uint32_t number) { return pages_[number]; }
  const PageInfo& page(uint32_t number) const { return pages_[number]; }

  /// A page given to a class.
  struct Assigned {
    uint32_t page = 0;
    uint8_t wanted_by = 0;  // the class it was emptied for, 0 if none
  };
  /// A free page, now the class's, its header written. Nothing when there is none; pages that were
  /// emptied for other classes count only when `any`.
  std::optional<Assigned> assign(uint8_t class_id, bool any) EMBER_EXCLUDES(mutex_);
  /// Recovery: a page that an earlier process left becomes the class's as it is; its chunks are all
  /// free until recovery says otherwise in their states. Then count_chunks.
  void adopt(uint32_t number, uint8_t class_id, uint32_t generation);
  QueuedChunks count_chunks(uint32_t number);
  /// Recovery: a page whose bytes are nobody's any more is as good as new.
  void wipe(uint32_t number);
  /// Recovery: which pages are free, the one to be taken first last; and one more.
  void set_free(std::vector<uint32_t> numbers) EMBER_EXCLUDES(mutex_);
  void add_free(uint32_t number) EMBER_EXCLUDES(mutex_);

  /// Takes a page that is entirely unused back; it is free, or set aside if there are too many.
  void release(uint32_t number) EMBER_EXCLUDES(mutex_);
  // ---- Fewer pages than there are, and more. Calls come one at a time, while pages are released.
  // What is excess and what is set aside change together: their sum only by these calls.
  /// Pages not set aside.
  size_t usable() const { return count() - retired(); }
  size_t retired() const { return retired_count_.load(std::memory_order_relaxed); }
  /// Pages still to be set aside, as they become free.
  size_t excess() const { return excess_.load(std::memory_order_relaxed); }
  /// Pages that stay once the excess is gone.
  size_t allowed() EMBER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return usable() - excess();
  }
  void add_excess(size_t pages) { excess_.fetch_add(pages, std::memory_order_relaxed); }
  /// So many of them, at most, stay. How many.
  size_t drop_excess(size_t most) EMBER_EXCLUDES(mutex_);
  /// Sets aside what is free already, as long as there are too many pages.
  void retire_free() EMBER_EXCLUDES(mutex_);
  /// One page that was set aside is free again.
  Result<void> commit_retired() EMBER_EXCLUDES(mutex_);
  /// More pages, free; the region has grown before.
  void grow(size_t count) EMBER_EXCLUDES(mutex_);

  /// Pages free for every class.
  bool any_free() const { return free_count_.load(std::memory_order_relaxed) != 0; }
  size_t free_count() const { return free_count_.load(std::memory_order_relaxed); }

  void* at(uint64_t offset) const { return base_ + offset; }
  Item* item(uint64_t offset) const { return reinterpret_cast<Item*>(base_ + offset); }
  uint64_t offset_of(const void* place) const {
    return static_cast<uint64_t>(static_cast<const std::byte*>(place) - base_);
  }

  uint32_t page_of(uint64_t offset) const { return static_cast<uint32_t>(offset >> page_shift_); }
  uint8_t class_of(uint64_t offset) const {
    return pages_[page_of(offset)].class_id.load(std::memory_order_relaxed);
  }
  ChunkPlace place_of(uint64_t offset) const;
  uint64_t offset_at(ChunkPlace place, uint32_t chunk_size) const {
    return (uint64_t{place.page} << page_shift_) + sizeof(PageHeader) +
           uint64_t{place.index} * chunk_size;
  }
  ChunkStates& states_of(uint64_t offset) { return *pages_[page_of(offset)].states; }

  uint8_t exchange_state(uint64_t offset, uint8_t state) {
    return states_of(offset).exchange(place_of(offset).index, state);
  }
  void set_state(uint64_t offset, uint8_t state) {
    states_of(offset).set(place_of(offset).index, state);
  }
  uint8_t state(uint64_t offset) const {
    return pages_[page_of(offset)].states->get(place_of(offset).index);
  }

  /// DRAM the table itself takes.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void prepare(PageInfo& page, uint8_t class_id);
  void write_header(uint32_t number, uint8_t class_id);
  void clear_seals(uint32_t number, uint8_t class_id);
  std::optional<uint32_t> take_free(uint8_t class_id, bool any) EMBER_EXCLUDES(mutex_);
  bool retire(uint32_t number) EMBER_REQUIRES(mutex_);
  std::optional<uint32_t> pop_free(uint8_t class_id, bool any) EMBER_REQUIRES(mutex_);

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
