// SPDX-License-Identifier: BSD-3-Clause
// ItemWriter: the only code that writes items' headers. Each function is one step of the rules in
// storage/README.md, "Publishing and ending". It makes nothing durable and knows no index: the
// order of steps, flushes and locks is the caller's.
//
// Threads: a chunk that is not sealed yet belongs to one thread. end, set_exptime, set_marks and
// win are single atomic stores and may meet readers; writers of one item hold its bucket's lock.
// Cost: prepare copies the key; complete takes a checksum; the others are a store each.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/item/chain.h"
#include "storage/item/hash.h"
#include "storage/item/item.h"
#include "storage/item/item_plan.h"

namespace ember::storage {

class Item::Writer {
 public:
  /// What an item is given when it is published.
  struct Commit {
    uint64_t cas = 0;
    uint64_t sequence = 0;  // used by sequenced items only
    uint64_t offset = 0;    // of the chunk in the arena: an item is valid in its place only
    uint64_t salt = 0;      // of the region: an item is valid in its file only
    size_t part_size = 0;   // of a chained item's parts but the last; bytes
    bool won = false;
    bool stale = false;
  };

  /// Returns the bytes an item takes in its chunk; a chained one holds a table of `parts` offsets
  /// in place of its value.
  static size_t size_of(const ItemPlan& plan, size_t parts);

  /// Writes all of the header but CAS and seal, and the key. Returns the chunk as an item, which it
  /// is not before seal().
  /// Requires: a chunk of size_of(plan) bytes, aligned to 8, that belongs to the calling thread; a
  /// key of at most 255 bytes.
  static Item* prepare(void* chunk, const ItemPlan& plan);

  /// Returns the value's place, or the chain's table. Requires: prepare(), and no seal() yet.
  static char* body(Item* item, const ItemPlan& plan);

  /// Returns the parts of a prepared item, as far as their offsets are entered (Chain::set_offset);
  /// none if the plan is not chained.
  static Chain chain(Item* item, const ItemPlan& plan, size_t part_size);

  /// Completes the prepared chunk but for its seal, which is returned. On persistent memory all of
  /// the chunk has to be durable before that is given to seal().
  /// Requires: key, and value or table, are written; `plan` is the one given to prepare().
  static uint32_t complete(Item* item, const ItemPlan& plan, const Commit& commit);

  /// Makes the completed chunk an item: one store, with release order.
  static void seal(Item* item, uint32_t seal);

  /// Completes and seals, where nothing has to be durable in between.
  static void seal(Item* item, const ItemPlan& plan, const Commit& commit) {
    seal(item, complete(item, plan, commit));
  }

  /// Clears the live bit: from here on recovery does not see the item. Its bytes stay readable.
  /// An item that ended stays ended.
  static void end(Item* item);

  /// Changes the expiry in place (touch). 0: never.
  static void set_exptime(Item* item, UnixSeconds exptime);

  /// Changes both marks in place; the value's size beside them stays.
  static void set_marks(Item* item, bool won, bool stale);

  /// Sets the won mark. Returns true to the one caller who found the mark unset.
  static bool win(Item* item);

  /// Returns 21 bits over everything in the header that never changes, the key, the table of a
  /// chained item, and the place. `hash` is the key's; `seal` has the sizes and kinds.
  /// Requires: the sizes lie within the chunk (item_check.h asks first).
  static uint32_t checksum(const Item& item, Hash hash, uint32_t seal, const Commit& commit);
};

using ItemWriter = Item::Writer;

}  // namespace ember::storage
