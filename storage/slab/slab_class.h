// SPDX-License-Identifier: BSD-3-Clause
// SlabClass: the pages of one chunk size: which chunks are free, and the two queues its items
// stand in. It hands out chunks and candidates; who is evicted, and the index, are the Evictor's.
//
// The queues are S3-FIFO's (Yang et al., SOSP 2023), kept as one byte a chunk (ChunkStates) and
// two hands that walk the pages, so an item that leaves early leaves no hole:
//   small: new items. A generation in the byte tells how many items left the queue since this one
//          entered it, to a sixteenth of the queue's target.
//   main:  items that were read while small. First in, first out with reinsertion is a clock.
//
// Threads: its mutex, but for the atomic counts.
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
struct ClassEvents {
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
  SlabClass(uint8_t id, PageTable& table, const SizeClasses& sizes);

  Mutex mutex;

  uint8_t id() const { return id_; }
  uint32_t chunk_size() const { return chunk_size_; }
  uint32_t chunks_per_page() const { return chunks_per_page_; }

  void add_page(uint32_t page) EMBER_REQUIRES(mutex);
  /// A page that recovery has filled, its chunks counted.
  void adopt_page(uint32_t page, const QueuedChunks& queued) EMBER_REQUIRES(mutex);
  /// Where the queues stand, beside the states of the chunks.
  struct Queues {
    uint64_t small_page = 0, small_index = 0, main_page = 0, main_index = 0;
    uint64_t passed = 0;
    uint64_t generation = 0;
  };
  Queues queues() const EMBER_REQUIRES(mutex);
  void set_queues(const Queues& queues) EMBER_REQUIRES(mutex);
  const std::vector<uint32_t>& pages() const EMBER_REQUIRES(mutex) { return pages_; }
  bool has_pages() const { return page_count_.load(std::memory_order_relaxed) != 0; }

  /// Pages being emptied for this class.
  std::atomic<int> pages_coming{0};

  /// A free chunk, now busy; 0 when there is none.
  uint64_t take() EMBER_REQUIRES(mutex);

  /// Makes a busy, retired or part chunk free. True if that emptied a draining page: remove_page
  /// it, then release it.
  bool give(uint64_t offset) EMBER_REQUIRES(mutex);

  /// No chunk of the page is handed out from now on. True if it is empty already.
  bool start_drain(uint32_t page) EMBER_REQUIRES(mutex);
  void cancel_drain(uint32_t page) EMBER_REQUIRES(mutex);
  void remove_page(uint32_t page) EMBER_REQUIRES(mutex);

  size_t free_chunks() const EMBER_REQUIRES(mutex) { return free_; }
  /// How many free chunks eviction keeps ahead of writers.
  size_t reserve() const EMBER_REQUIRES(mutex);
  /// Writers had to wait for readers: keep more.
  void raise_reserve() EMBER_REQUIRES(mutex);

  size_t total_chunks() const EMBER_REQUIRES(mutex) { return pages_.size() * chunks_per_page_; }
  size_t used_chunks() const EMBER_REQUIRES(mutex) { return total_chunks() - free_; }

  /// The state of an item entering the probationary queue now.
  uint8_t newcomer() const {
    return chunk_state::kSmallBit |
           (generation_.load(std::memory_order_relaxed) & chunk_state::kGenerationMask);
  }
  /// An item left the probationary queue by way of its hand.
  void passed_small() EMBER_REQUIRES(mutex);
  /// Items the probationary queue should hold: a tenth (the paper's choice).
  size_t small_target() const EMBER_REQUIRES(mutex) { return used_chunks() / 10 + 1; }

  /// True when the probationary queue is the one to evict from.
  bool small_is_over() const EMBER_REQUIRES(mutex);

  /// The next chunks under a hand. next_small prefers items that have stood in the queue for its
  /// whole length, and takes any when it is far over its target or none is near; each goes once
  /// around at most and returns 0 when there are none.
  size_t next_small(std::span<uint64_t> out) EMBER_REQUIRES(mutex);
  size_t next_main(std::span<uint64_t> out) EMBER_REQUIRES(mutex);

  /// Counts of queued items by state; changed by whoever changes a state.
  void entered(uint8_t state);
  void left(uint8_t state);
  int64_t small_count() const { return small_.load(std::memory_order_relaxed); }
  int64_t main_count() const { return main_.load(std::memory_order_relaxed); }

  /// Chunks retired but not free yet.
  size_t retired_chunks() const {
    return static_cast<size_t>(
        std::max<int64_t>(0, retired_chunks_.load(std::memory_order_relaxed)));
  }
  void note_retired() { retired_chunks_.fetch_add(1, std::memory_order_relaxed); }
  void note_reclaimed() { retired_chunks_.fetch_sub(1, std::memory_order_relaxed); }

  /// When expired items were last looked for on behalf of a writer.
  UnixSeconds reclaimed_at EMBER_GUARDED_BY(mutex) = 0;

  GhostQueue ghost EMBER_GUARDED_BY(mutex);
  ClassEvents events EMBER_GUARDED_BY(mutex);
  ClassEvents events_at_reset EMBER_GUARDED_BY(mutex);

 private:
  struct Hand {
    size_t ordinal = 0;  // in pages_
    size_t index = 0;    // of the chunk in that page
  };
  static constexpr size_t kCacheSize = 512;
  static constexpr size_t kRefill = 128;
  static constexpr unsigned kGenerationsPerTarget = 16;
  // Pages looked through for an item of the right age before any item will do.
  static constexpr size_t kPatience = 16;

  bool refill() EMBER_REQUIRES(mutex);
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
