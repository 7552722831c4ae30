// SPDX-License-Identifier: BSD-3-Clause
// Recovery: finds the items that an earlier process left in a persistent region, by looking through
// its pages: in parallel, reading each page header and each item's header and key, no value.
//
// Everything read is unverified (item_check.h). What is not an item, or is older than another of
// its key, expired or flushed, is ended, so that no later recovery sees it again.
//
// Threads: used by one, before the store has others; it starts its own for run().
#pragma once

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "storage/core/core.h"
#include "storage/index/index_loader.h"
#include "storage/item/item_check.h"
#include "storage/restart/migration.h"
#include "storage/slab/page_reader.h"
#include "storage/stats/store_counters.h"

namespace ember::storage {

class Recovery {
 public:
  Recovery(StoreCore& core, StoreCounters& counters)
      : core_(core), counters_(counters), pages_(core.pages), now_(core.now()) {}

  /// Tells the pages that are somebody's from those that are free. Before there is an index.
  void survey();
  /// Pages of a class of ours, and none that are not: a snapshot may know them all.
  std::span<const uint32_t> pages() const { return owned_; }
  /// Pages that have to be migrated: of a chunk size that is no class's, or beyond the arena.
  std::span<const uint32_t> misfit_pages() const { return misfit_pages_; }
  bool all_pages_fit() const { return misfit_pages_.empty(); }
  /// Has the pages as survey() left them again.
  void start_over();

  /// An upper bound, after survey().
  size_t most_items() const { return most_items_; }

  enum class Outcome : uint8_t {
    done,
    given_up,   // as StoreOptions::give_up asks; only what is dead was ended
    cut_short,  // likewise, when pages had been migrated already: as after a crash
  };
  /// Enters all items into the index, and adds to the report what it found. `migration`: of the
  /// misfit pages; it is run at the end. Requires: survey(); an empty index for most_items().
  Result<Outcome> run(Migration& migration, RecoveryReport& report);

 private:
  /// A chunk with an intact item in it.
  struct Candidate {
    uint64_t offset = 0;
    Hash hash = 0;  // or what the index looks at of it
  };
  /// What one thread found.
  struct alignas(kCacheLineSize) ScanCounters {
    uint64_t expired = 0;
    uint64_t replaced = 0;
    uint64_t damaged = 0;
    size_t entered = 0;  // in the index, not counted there yet
    uint64_t last_sequence = 0;
    std::vector<ItemCounters> items;  // by class
    std::vector<Candidate> chained;   // to be entered when all pages are known
  };
  /// A scan by several threads: in rounds, each of which looks at pages until the loader is full,
  /// then enters what was found.
  struct Scan {
    Scan(IndexLoader& to, size_t threads)
        : loader(to), together(static_cast<ptrdiff_t>(threads)), counters(threads) {}
    IndexLoader& loader;
    size_t most_at_once = 0;  // items in a page
    std::barrier<> together;
    std::vector<ScanCounters> counters;
    std::atomic<size_t> next_page{0};  // of owned_, for whichever thread comes
    std::atomic<size_t> next_part{0};  // of the loader's, likewise
  };

  Result<std::vector<ScanCounters>> scan_all();
  void scan(Scan& scan, size_t thread);
  void look_at_pages(Scan& scan, size_t thread);
  void scan_page(uint32_t number, PageReader& reader, Scan& scan, size_t thread);
  /// An item as it was seen: where, and what was found.
  struct Seen {
    const Item& item;
    ChunkPlace place;
    uint64_t offset = 0;
    ItemCheck check;
  };
  void keep_or_discard(const Seen& seen, Scan& scan, size_t thread);
  void enter_parts(Scan& scan, ScanCounters& counters);
  void enter(const Candidate& candidate, ScanCounters& counters);
  bool same_key(uint64_t one, uint64_t other) const;
  void count_in(const Item& item, const ChunkPlace& place, uint8_t state, ScanCounters& counters);
  void count_out(uint64_t offset, ScanCounters& counters);
  void discard(uint64_t offset);
  void leave(uint64_t offset, Hash hash, ScanCounters& counters);
  void erase(uint64_t offset, Hash hash, ScanCounters& counters);

  bool parts_sound(const Item& item) const;
  bool claim_parts(const Candidate& head, ScanCounters& counters);
  bool lies_elsewhere(const Item& item) const;
  void enter_chained(ScanCounters& counters, Migration& migration);
  void hand_over(const std::vector<ScanCounters>& counters, RecoveryReport& report);

  StoreCore& core_;
  StoreCounters& counters_;
  PageTable& pages_;
  const UnixSeconds now_;
  std::vector<uint32_t> owned_;         // pages of a class of ours
  std::vector<uint32_t> misfit_pages_;  // of a chunk size that is no class's, or beyond the arena
  size_t most_items_ = 0;
  uint64_t damaged_pages_ = 0;
};

}  // namespace ember::storage
