// SPDX-License-Identifier: BSD-3-Clause
// SlabClass: the pages of one chunk size: which chunks are free, and the two queues its items
// stand in. It hands out chunks and candidates for eviction. It evicts nothing and knows no index:
// that is the Evictor's.
//
// The queues are S3-FIFO's (Yang et al., SOSP 2023), kept as one byte a chunk (ChunkStates) and
// two hands that walk the pages, so an item that leaves early leaves no hole:
//   small: new items. A generation in the byte tells how many items left the queue since this one
//          entered it, to a sixteenth of the queue's target.
//   main:  items that were read while small. First in, first out with reinsertion is a clock.
//
// Ownership: refers to the page table, which has the pages' states and counts.
// Threads: its mutex, but for the atomic counts.
// Invariants: each chunk of its pages is used, free or cached (free and at hand); a draining page
// has no cached chunk, and its free ones are not counted as free; a page is listed if it has free
// chunks and is not draining.
// Cost: take() and give() are some loads, a search of the states every 128 takes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "storage/slab/ghost_queue.h"
#include "storage/slab/page_table.h"

namespace ember::storage {

/// What happened in a class since start; `stats items` shows it.
struct ClassCounters {
  uint64_t evicted = 0;
  uint64_t evicted_nonzero = 0;
  uint32_t evicted_time = 0;
  uint64_t evicted_unfetched = 0;
  uint64_t evicted_active = 0;
  uint64_t evicted_small = 0;
  uint64_t evicted_main = 0;
  uint64_t expired_unfetched = 0;
  uint64_t reclaimed = 0;
  uint64_t crawler_reclaimed = 0;
  uint64_t crawler_items_checked = 0;
  uint64_t out_of_memory = 0;
  uint64_t moves_to_main = 0;
  uint64_t moves_within_main = 0;
  uint64_t direct_reclaims = 0;
  uint64_t ghost_hits = 0;
  uint64_t taken = 0;  // chunks handed out
};

class SlabClass {
 public:
  /// A class without pages. Class 0 never has any. Requires: id <= sizes.count().
  SlabClass(uint8_t id, PageTable& table, const SizeClasses& sizes);

  /// Guards the class and the PageInfos of its pages. First in the store's lock order; a thread
  /// holds one class's at a time.
  Mutex mutex;

  uint8_t id() const { return id_; }
  uint32_t chunk_size() const { return chunk_size_; }
  uint32_t chunks_per_page() const { return chunks_per_page_; }

  // ---- Pages.

  /// Adds a page that was just assigned to the class: all its chunks are free.
  void add_page(uint32_t page) EMBER_REQUIRES(mutex);
  /// Adds a page that recovery has filled, its chunks counted (PageTable::count_chunks).
  void adopt_page(uint32_t page, const QueuedChunks& queued) EMBER_REQUIRES(mutex);
  /// Where the queues stand, beside the states of the chunks. Part of the state file.
  struct Queues {
    uint64_t small_page = 0, small_index = 0, main_page = 0, main_index = 0;
    uint64_t passed = 0;
    uint64_t generation = 0;
  };
  Queues queues() const EMBER_REQUIRES(mutex);
  /// Takes over what an earlier process saved; hands that point nowhere begin anew.
  void set_queues(const Queues& queues) EMBER_REQUIRES(mutex);
  const std::vector<uint32_t>& pages() const EMBER_REQUIRES(mutex) { return pages_; }
  /// Returns whether the class has a page. Threads: any.
  bool has_pages() const { return page_count_.load(std::memory_order_relaxed) != 0; }

  /// How many pages are being emptied for this class.
  std::atomic<int> pages_coming{0};

  // ---- Chunks.

  /// Takes a free chunk, which is busy then. Returns its offset; 0 when there is none.
  uint64_t take() EMBER_REQUIRES(mutex);

  /// Makes a busy, retired or part chunk free. Returns true if that emptied a draining page: then
  /// remove_page() it, and release it.
  /// Requires: the chunk was taken from this class and stands in no queue.
  bool give(uint64_t offset) EMBER_REQUIRES(mutex);

  /// Hands out no chunk of the page from now on. Returns true if the page is empty already.
  /// Requires: a page of the class that is not draining.
  bool start_drain(uint32_t page) EMBER_REQUIRES(mutex);
  /// Lets a draining page stay. Its free chunks are the class's again.
  void cancel_drain(uint32_t page) EMBER_REQUIRES(mutex);
  /// Gives up a page. Requires: draining, and no chunk of it is used.
  void remove_page(uint32_t page) EMBER_REQUIRES(mutex);

  /// Returns how many chunks can be taken; those of draining pages cannot.
  size_t free_chunks() const EMBER_REQUIRES(mutex) { return free_; }
  /// Returns how many free chunks eviction keeps ahead of writers: at most a sixteenth.
  size_t reserve() const EMBER_REQUIRES(mutex);
  /// Doubles the reserve: writers had to wait for readers.
  void raise_reserve() EMBER_REQUIRES(mutex);

  size_t total_chunks() const EMBER_REQUIRES(mutex) { return pages_.size() * chunks_per_page_; }
  size_t used_chunks() const EMBER_REQUIRES(mutex) { return total_chunks() - free_; }

  // ---- Queues.

  /// Returns the state of an item that enters the probationary queue now. Threads: any.
  uint8_t newcomer() const {
    return chunk_state::kSmallBit |
           (generation_.load(std::memory_order_relaxed) & chunk_state::kGenerationMask);
  }
  /// Notes that an item left the probationary queue by way of its hand.
  void passed_small() EMBER_REQUIRES(mutex);
  /// Returns how many items the probationary queue should hold: a tenth (the paper's choice).
  size_t small_target() const EMBER_REQUIRES(mutex) { return used_chunks() / 10 + 1; }

  /// Returns true when the probationary queue is the one to evict from.
  bool small_is_over() const EMBER_REQUIRES(mutex);

  /// Fill `out` with the next chunks under a hand; return how many, 0 when there are none. Each
  /// hand goes once around at most. next_small prefers items that have stood in the queue for its
  /// whole length, and takes any when the queue is far over its target or none is near. Require:
  /// room for one chunk at least. Cost: a look at the states of the pages passed.
  size_t next_small(std::span<uint64_t> out) EMBER_REQUIRES(mutex);
  size_t next_main(std::span<uint64_t> out) EMBER_REQUIRES(mutex);

  /// Count an item into the queue its state names, or out of it; other states count nothing. Called
  /// by the thread that changes the state. Threads: any.
  void entered(uint8_t state);
  void left(uint8_t state);
  int64_t small_count() const { return small_.load(std::memory_order_relaxed); }
  int64_t main_count() const { return main_.load(std::memory_order_relaxed); }

  /// Returns how many chunks are retired but not free yet. Threads: any, of the three.
  size_t retired_chunks() const {
    return static_cast<size_t>(
        std::max<int64_t>(0, retired_chunks_.load(std::memory_order_relaxed)));
  }
  void note_retired() { retired_chunks_.fetch_add(1, std::memory_order_relaxed); }
  void note_reclaimed() { retired_chunks_.fetch_sub(1, std::memory_order_relaxed); }

  /// When expired items were last looked for on behalf of a writer.
  UnixSeconds reclaimed_at EMBER_GUARDED_BY(mutex) = 0;

  GhostQueue ghost EMBER_GUARDED_BY(mutex);
  ClassCounters events EMBER_GUARDED_BY(mutex);
  ClassCounters events_at_reset EMBER_GUARDED_BY(mutex);

 private:
  struct Hand {
    size_t ordinal = 0;  // in pages_
    size_t index = 0;    // of the chunk in that page
  };
  static constexpr size_t kCacheSize = 512;
  static constexpr size_t kRefill = 128;
  static constexpr unsigned kGenerationsPerTarget = 16;
  // Pages looked through for an item of the right age before any item will do.
  static constexpr size_t kAnyAgeAfter = 16;

  bool refill() EMBER_REQUIRES(mutex);
  bool balanced() const EMBER_REQUIRES(mutex);
  void list(uint32_t page) EMBER_REQUIRES(mutex);
  struct Search {
    uint8_t bits;       // any of which a candidate's state has
    size_t most_pages;  // to look at
  };
  template <typename Accept>
  size_t advance(Hand& hand, const Search& search, std::span<uint64_t> out, Accept&& accept)
      EMBER_REQUIRES(mutex);

  const uint8_t id_;
  const uint32_t chunk_size_;
  const uint32_t chunks_per_page_;
  PageTable& table_;
  std::vector<uint32_t> pages_ EMBER_GUARDED_BY(mutex);
  std::vector<uint32_t> with_free_ EMBER_GUARDED_BY(mutex);  // pages that have free chunks
  std::vector<uint64_t> cache_ EMBER_GUARDED_BY(mutex);      // free chunks at hand, last in first
  size_t free_ EMBER_GUARDED_BY(mutex) = 0;                  // outside draining pages
  size_t reserve_ EMBER_GUARDED_BY(mutex) = 32;
  Hand small_hand_ EMBER_GUARDED_BY(mutex);
  Hand main_hand_ EMBER_GUARDED_BY(mutex);
  size_t passed_ EMBER_GUARDED_BY(mutex) = 0;  // in this generation
  std::atomic<uint8_t> generation_{0};
  std::atomic<size_t> page_count_{0};
  alignas(kCacheLineSize) std::atomic<int64_t> small_{0};
  std::atomic<int64_t> main_{0};
  std::atomic<int64_t> retired_chunks_{0};
};

}  // namespace ember::storage
