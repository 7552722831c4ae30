// SPDX-License-Identifier: BSD-3-Clause
// Recovery: finds the items that an earlier process left in a lasting region, by looking through
// its pages: in parallel, reading each page header and each item's header and key, no value.
//
// Everything read is doubted (item_check.h). What is not an item, or is older than another of its
// key, expired or flushed, is ended, so that no later recovery sees it again.
//
// Threads: used by one, before the store has others; it starts its own for run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "storage/item_check.h"
#include "storage/rehousing.h"
#include "storage/store_impl.h"

namespace ember::storage {

class Recovery {
 public:
  explicit Recovery(StoreImpl& store) : store_(store), pages_(store.pages_) {}

  /// Tells the pages that are somebody's from those that are free. Before there is an index.
  void survey();
  /// Pages of a class of ours, and none that are not: a snapshot may know them all.
  std::span<const uint32_t> pages() const { return owned_; }
  bool all_at_home() const { return homeless_.empty(); }
  /// Has the pages as survey() left them again.
  void start_over();

  /// An upper bound, after survey().
  size_t most_items() const { return most_items_; }

  enum class Outcome : uint8_t {
    done,
    given_up,   // as StoreOptions::give_up asks; only what is dead was ended
    cut_short,  // likewise, when pages had been rehoused already: as after a crash
  };
  /// Enters all items into the index, and adds to the report what it found.
  Outcome run(RecoveryReport& report);

 private:
  /// A chunk with a sound item in it.
  struct Candidate {
    uint64_t offset = 0;
    Hash hash = 0;
  };
  /// What one thread found.
  struct Tally {
    uint64_t expired = 0;
    uint64_t replaced = 0;
    uint64_t damaged = 0;
    size_t entered = 0;  // in the index, not counted there yet
    uint64_t last_sequence = 0;
    std::vector<ThreadState::ClassChange> changes;  // by class
    std::vector<Candidate> chained;                 // to be entered when all pages are known
  };

  std::vector<Tally> scan_all();
  void scan(Tally& tally);
  void scan_page(uint32_t number, Tally& tally);
  void judge_chunk(uint64_t offset, uint32_t chunk_size, std::vector<Candidate>& found,
                   Tally& tally);
  void enter_all(std::vector<Candidate>& found, Tally& tally);
  /// False if there is a newer one.
  bool enter(const Candidate& candidate, uint8_t state, Tally& tally);
  void discard(uint64_t offset);
  void leave(uint64_t offset, Hash hash, Tally& tally);
  void erase(uint64_t offset, Hash hash, Tally& tally);

  bool parts_sound(const Item& item) const;
  bool claim_parts(const Candidate& head, Tally& tally);
  bool lies_elsewhere(const Item& item) const;
  void enter_chained(Tally& tally, Rehousing& rehousing);
  void hand_over(const std::vector<Tally>& tallies, RecoveryReport& report);

  StoreImpl& store_;
  PageTable& pages_;
  std::vector<uint32_t> owned_;     // pages of a class of ours
  std::vector<uint32_t> homeless_;  // of a chunk size that is no class's, or beyond the arena
  size_t most_items_ = 0;
  uint64_t damaged_pages_ = 0;
  std::atomic<size_t> next_{0};  // of owned_, for whichever thread comes
};

}  // namespace ember::storage
