// SPDX-License-Identifier: BSD-3-Clause
// PageBalancer: decides which page goes from which class to which, so that pages are where they are
// worth most. The PageMover empties them.
//
// What a page is worth in a class is what the class loses or would gain by one page: read items
// that it has to evict, and keys that come back shortly after they were evicted, for each page it
// has. Moving pages from the least to the most of it is what one LRU over all sizes would do.
//
// Threads: steal_page() and cheapest_donor() any, holding no class; the rest is the janitor's.
// Cost: a look locks each class once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/evict/evictor.h"
#include "storage/evict/page_mover.h"
#include "storage/evict/pressure.h"

namespace ember::storage {

class PageBalancer {
 public:
  PageBalancer(StoreCore& core, Evictor& evictor, PageMover& mover);

  /// For a writer that finds no room: has the class that misses a page least drain one for the
  /// writer's. Returns false if no class can give one.
  bool steal_page(ThreadState& thread, uint8_t for_class);
  /// The class that misses a page least, and has one that can go; 0 if there is none. `for_class`
  /// itself only if no other can.
  uint8_t cheapest_donor(uint8_t for_class);

  /// Moves a page from class to class if one is worth more elsewhere, in steps: a call that decides
  /// and makes room for the page's items, then one that drains it.
  void balance(ThreadState& thread) EMBER_REQUIRES(kJanitor);

  /// A page on its way: chosen, its class has evicted as much as it holds, and the next balance()
  /// drains it.
  bool move_planned() const EMBER_REQUIRES(kJanitor) { return next_move_.from != 0; }
  /// Chooses the class's cheapest page for `for_class` (0: any) and makes room for its items.
  /// Returns the page; none if each is held. Requires: no move is planned.
  std::optional<uint32_t> plan_move(ThreadState& thread, SlabClass& size_class, uint8_t for_class)
      EMBER_REQUIRES(kJanitor) EMBER_EXCLUDES(size_class.mutex);

 private:
  struct Move {
    uint32_t page = 0;
    uint8_t from = 0;  // 0: none
    uint8_t to = 0;
  };
  /// A class among the others, as a look finds it.
  struct Standing {
    uint8_t id = 0;
    double loss = 0;
    double pages = 0;
    bool spare = false;  // could give a page without losing an item
    bool roomy = false;  // has half a page to fill still

    double loss_with_one_more() const;
    double loss_with_one_less() const;
  };

  double worth_of_page(SlabClass& size_class) const EMBER_REQUIRES(size_class.mutex);
  bool due_for_look() EMBER_REQUIRES(kJanitor);
  std::vector<Standing> standings() EMBER_REQUIRES(kJanitor);
  double wanted_advantage() EMBER_REQUIRES(kJanitor);
  void finish_move(ThreadState& thread) EMBER_REQUIRES(kJanitor);

  StoreCore& core_;
  Evictor& evictor_;
  PageMover& mover_;
  std::vector<Pressure> pressures_;  // by class id; looked at by the janitor, read by any
  uint64_t evicted_bytes_seen_ EMBER_GUARDED_BY(kJanitor) = 0;
  unsigned looks_since_move_ EMBER_GUARDED_BY(kJanitor) = 0;
  Move next_move_ EMBER_GUARDED_BY(kJanitor);
};

}  // namespace ember::storage
