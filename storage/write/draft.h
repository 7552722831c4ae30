// SPDX-License-Identifier: BSD-3-Clause
// Draft: an item being filled: its chunks are busy, nobody else sees them. The Allocator makes
// drafts; the Writer makes a full one the item of its key.
//
// Ownership: owns its chunks until release(); dropped before, it gives them back. Move only. Gone
// before the store is.
// Threads: of the thread that made it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "storage/core/store_results.h"
#include "storage/item/item_writer.h"

namespace ember::storage {

struct StoreCore;

class Draft {
 public:
  /// Nothing to fill; outcome() says why.
  Draft() = default;
  explicit Draft(Outcome refused) : outcome_(refused) {}
  /// A prepared item, all of whose chunks are taken. The plan's key lies in the item.
  Draft(StoreCore& core, Item* item, const ItemPlan& plan)
      : core_(&core), item_(item), plan_(plan), outcome_(Outcome::stored) {}
  Draft(Draft&& other) noexcept { *this = std::move(other); }
  Draft& operator=(Draft&& other) noexcept;
  ~Draft() { drop(); }

  /// stored: usable. too_large, no_memory: there is nothing to fill.
  Outcome outcome() const { return outcome_; }

  /// The next range of the value to fill; empty once all of it is filled.
  std::span<char> next();
  /// So many bytes of next() are filled.
  void advance(size_t size);
  /// Copies `bytes` into the next ranges. Requires: they fit.
  void fill(std::string_view bytes);

  Item* item() const { return item_; }
  const ItemPlan& plan() const { return plan_; }

  /// Gives up ownership: the chunks are linked from now on.
  void release() { item_ = nullptr; }

 private:
  void drop();

  StoreCore* core_ = nullptr;
  Item* item_ = nullptr;
  ItemPlan plan_;
  Outcome outcome_ = Outcome::no_memory;
  size_t filled_ = 0;
};

}  // namespace ember::storage
