// SPDX-License-Identifier: BSD-3-Clause
// What the store tells of itself: Stats are read, Counters are written. Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/counter.h"

namespace ember::storage {

/// What opening a persistent region brought back.
struct RecoveryReport {
  enum class Source : uint8_t {
    none,        // DRAM: there is nothing to recover
    cold,        // nothing was taken over: `reason` says why
    scan,        // from the items themselves
    state_file,  // from what a graceful stop left
  } source = Source::none;
  enum class LastStop : uint8_t { none, graceful, crash } last_stop = LastStop::none;
  bool flushed = false;  // the region is persistent memory: what is flushed survives a power cut
  std::string reason;
  uint64_t items = 0;
  uint64_t expired = 0;   // while down, or not swept before; or flushed
  uint64_t replaced = 0;  // older versions of an item, which a crash had left
  uint64_t damaged = 0;   // were items once
  uint64_t unfit = 0;     // no room under the new limits
  uint64_t damaged_pages = 0;
  double seconds = 0;
};

/// One size class. Counts are since start or the last reset.
struct ClassStats {
  uint8_t class_id = 0;
  uint32_t chunk_size = 0;
  uint32_t chunks_per_page = 0;
  uint64_t pages = 0;
  uint64_t used_chunks = 0;
  uint64_t free_chunks = 0;  // total - used
  uint64_t items = 0;        // used chunks that are items (not parts of a chain)
  uint64_t items_small = 0;  // of these, in the probationary queue
  uint64_t items_main = 0;
  uint64_t mem_requested = 0;  // bytes of items, without what the chunks waste
  uint32_t age = 0;            // seconds since access of the next victim of the main queue
  uint32_t age_small = 0;
  uint64_t evicted = 0;
  uint64_t evicted_nonzero = 0;  // had an expiry
  uint32_t evicted_time = 0;     // seconds since access of the last victim
  uint64_t evicted_unfetched = 0;
  uint64_t evicted_active = 0;  // victims that had been read
  uint64_t expired_unfetched = 0;
  uint64_t reclaimed = 0;          // expired items whose chunk a writer took
  uint64_t crawler_reclaimed = 0;  // expired items freed in the background
  uint64_t crawler_items_checked = 0;
  uint64_t out_of_memory = 0;
  uint64_t moves_to_main = 0;
  uint64_t moves_within_main = 0;
  uint64_t direct_reclaims = 0;  // writers that had to evict by themselves
};

struct StoreStats {
  uint64_t items = 0;
  uint64_t total_items = 0;  // stored since start, or the last reset
  uint64_t bytes = 0;        // of items, headers included
  uint64_t memory_limit = 0;
  uint64_t pages_assigned = 0;
  uint64_t pages_free = 0;  // never given to a class, or given back
  uint64_t pages_moved = 0;
  uint64_t pages_excess = 0;     // used, and above the limit: on their way back to the system
  uint64_t memory_capacity = 0;  // what the limit can be raised to
  uint64_t index_bytes = 0;
  uint32_t hash_power = 0;  // log2 of the buckets, rounded down
  bool index_growing = false;
  uint64_t rescues = 0;  // items kept by copying when their page moved
  bool move_running = false;
  bool crawl_running = false;
  uint64_t crawls = 0;  // begun on request
  uint64_t janitor_rounds = 0;
  uint64_t metadata_bytes = 0;  // DRAM beside the arena and the index
};

/// Per-class counters of what clients did; one table a thread, summed when asked.
struct UseCounters {
  Counter get_hits;
  Counter sets;
  Counter delete_hits;
  Counter incr_hits;
  Counter decr_hits;
  Counter cas_hits;
  Counter cas_badval;
  Counter touch_hits;

  UseCounters& operator+=(const UseCounters& other);
  UseCounters& operator-=(const UseCounters& other);
};

}  // namespace ember::storage
