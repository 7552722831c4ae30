// SPDX-License-Identifier: BSD-3-Clause
// SizeHistogram: how many items there are of each size, to 32 bytes (`stats sizes`). Items are
// counted at every write and removal while it is on. Not the classes' figures: sizes here are the
// items', not their chunks'.
//
// Threads: any may count; enable(), disable() and counts() one at a time.
// Cost: 4 bytes for each 32 of the largest item, once it was on; off, a load of a line that is
// seldom written.
// Invariants: an item counts if its place in the order of writes is behind the one given to
// enable(), so that each item that was counted in is counted out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "storage/item/item.h"

namespace ember::storage {

class SizeHistogram {
 public:
  static constexpr size_t kStep = 32;

  /// Off. `item_size_max`: larger items count as of that size.
  explicit SizeHistogram(size_t item_size_max) : buckets_(item_size_max / kStep + 2) {}

  /// Returns whether items are counted.
  bool on() const { return from_.load(std::memory_order_relaxed) != kNever; }

  /// Begins anew: items of writes behind number `from` count.
  void enable(uint64_t from);
  /// Counts no more; counts() is empty from then on.
  void disable() { from_.store(kNever, std::memory_order_release); }

  /// Count an item that was published, and one that ended. Called under its bucket's lock.
  void count_in(const Item& item) { count(item, 1); }
  void count_out(const Item& item) { count(item, ~uint32_t{0}); }

  /// Returns sizes, each the upper bound of its 32 bytes, and how many items there are of each;
  /// none of sizes that no item has, and nothing while it is off.
  std::vector<std::pair<size_t, uint32_t>> counts() const;

 private:
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  struct Free {
    void operator()(uint32_t* counts) const;
  };

  void count(const Item& item, uint32_t change);

  const size_t buckets_;
  std::atomic<uint64_t> from_{kNever};
  std::unique_ptr<uint32_t[], Free> counts_;  // made once, of pages that are taken as they are used
};

}  // namespace ember::storage
