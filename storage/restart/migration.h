// SPDX-License-Identifier: BSD-3-Clause
// Migration: brings items over from pages that cannot stay as they are: of a chunk size that is no
// class's any more (-f, -n were changed), or beyond the arena's new end (-m was lowered). Page by
// page its items are copied to DRAM, the page becomes free, and they are written anew, in chunks
// that fit; for what does not fit others are evicted. A crash meanwhile loses what is in DRAM.
//
// Threads: used by one, before the store has others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "storage/core/core.h"
#include "storage/item/item_check.h"
#include "storage/link/linker.h"
#include "storage/read/verifier.h"
#include "storage/write/allocator.h"

namespace ember::storage {

class Migration {
 public:
  /// What it works with; all of them outlive it.
  struct Parts {
    StoreCore& core;
    StoreCounters& counters;
    Reclaimer& reclaimer;
    const Verifier& verifier;
    Linker& linker;
    Allocator& allocator;
  };
  /// `pages`: their numbers, headers intact, none of them free or a class's. They may lie beyond
  /// the arena, in the region's whole().
  Migration(const Parts& parts, std::span<const uint32_t> pages);

  /// A chained item that lies in those pages, in whole or in part. Its chunks elsewhere are held
  /// until it is moved. False if its table is not intact; it may then be discarded.
  bool add_chain(uint64_t head);
  /// Those whose heads lie in the pages.
  void add_chains();

  /// Once the class's pages are known. False if it was cut short, as StoreOptions::give_up asks.
  bool run(RecoveryReport& report);

 private:
  /// An item apart from its chunk.
  struct Moved {
    std::string key;
    std::string value;
    uint64_t cas = 0;
    uint64_t sequence = 0;
    UnixSeconds exptime = 0;
    uint32_t client_flags = 0;
    bool won = false;
    bool stale = false;
    bool sequenced = false;
  };

  template <typename Visit>
  void visit_items(uint32_t page, Visit&& visit);
  bool listed(uint32_t page) const;
  uint32_t chunk_size_of(uint32_t page) const;
  bool part_intact(uint64_t offset, size_t needed);
  std::vector<Moved> take_page(uint32_t page, RecoveryReport& report);
  Moved take_chain(uint64_t head);
  static Moved copy(const Item& item);
  bool wanted(const Item& item, RecoveryReport& report) const;
  void write_anew(ThreadState& thread, const Moved& moved, RecoveryReport& report);

  const Parts parts_;
  StoreCore& core_;
  PageTable& pages_;
  std::vector<uint32_t> numbers_;                      // in order
  std::map<uint32_t, std::vector<uint64_t>> by_page_;  // heads of chains with a chunk there
  std::map<uint64_t, std::vector<uint64_t>> held_;     // by head: its chunks in classes' pages
  uint64_t broken_chains_ = 0;                         // with a table that is not intact
  std::set<uint64_t> waiting_;                         // heads of chains that were not moved yet
};

}  // namespace ember::storage
