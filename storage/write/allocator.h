// SPDX-License-Identifier: BSD-3-Clause
// Allocator: chunks for new items: from the class, from a free page, by eviction, from another
// class's page. It decides how long a writer waits, and when memory is out.
//
// Threads: any; locks one class at a time. A call that has to wait announces that nothing found
// earlier is used any more (quiesce).
// Cost: a chunk at hand is one lock of its class. Waiting is bounded by kUsualWait.
// Errors: too_large, no_memory; nothing is changed then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "storage/core/core.h"
#include "storage/evict/evictor.h"
#include "storage/evict/page_balancer.h"
#include "storage/link/reclaimer.h"
#include "storage/link/thread_state.h"
#include "storage/write/draft.h"

namespace ember::storage {

class Allocator {
 public:
  /// How long a writer waits for other threads to leave the epoch its victims ended in.
  static constexpr std::chrono::milliseconds kUsualWait{2000};

  Allocator(StoreCore& core, Evictor& evictor, PageBalancer& balancer, Reclaimer& reclaimer);

  /// Room for a new item; waits for memory if it must. The plan's key need not outlive the call.
  Draft draft(ThreadState& thread, const ItemPlan& plan,
              std::chrono::milliseconds wait = kUsualWait) {
    Attempt tried = try_draft(thread, plan, false);
    return tried.short_of == 0 ? std::move(tried.draft) : wait_for_draft(thread, plan, wait);
  }

  /// What came of try_draft: a draft, or why there is none.
  struct Attempt {
    Draft draft;
    uint8_t short_of = 0;  // the class to wait for; 0: granted, or refused for good
  };
  /// Without waiting, so what the thread found stays readable. `any_class`: whatever chunk is large
  /// enough, rather than nothing.
  Attempt try_draft(ThreadState& thread, ItemPlan plan, bool any_class);

  /// Waits for memory, after a try_draft that had to. What the thread found is given up.
  Draft wait_for_draft(ThreadState& thread, const ItemPlan& plan,
                       std::chrono::milliseconds wait = kUsualWait);

 private:
  /// Where an item of a plan goes.
  struct Fit {
    uint8_t class_id = 0;
    size_t parts = 0;  // of a chain; 0: not chained
  };
  /// The chunks of an item in the making: its head, which lists the parts taken so far.
  struct Gathered {
    Item* head = nullptr;
    size_t parts = 0;
  };
  enum class Room : uint8_t { here, coming, none };

  Outcome refusal(const ItemPlan& plan) const;
  Fit fit(ItemPlan& plan, bool any_class) const;
  uint8_t class_for(size_t size, bool any_class) const;
  uint8_t gather(ThreadState& thread, ItemPlan& plan, const Fit& where, Gathered& got);
  void give_back(const ItemPlan& plan, const Gathered& got);
  uint64_t try_take(ThreadState& thread, uint8_t class_id, ItemPlan* queued);
  Room make_room(ThreadState& thread, uint8_t class_id);
  Room find_room(ThreadState& thread, SlabClass& size_class, unsigned look);
  Outcome out_of_memory(uint8_t class_id);

  StoreCore& core_;
  Evictor& evictor_;
  PageBalancer& balancer_;
  Reclaimer& reclaimer_;
  // How much larger than an item its chunk may be, before a class of its own is worth a page.
  const double tolerated_waste_;
};

}  // namespace ember::storage
