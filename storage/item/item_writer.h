// SPDX-License-Identifier: BSD-3-Clause
// ItemWriter: the only code that writes items' headers. Each function is one step of the rules in
// storage/README.md, "Publishing and ending".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/item/hash.h"
#include "storage/item/item.h"

namespace ember::storage {

/// What is known of an item before it is published.
struct ItemPlan {
  std::string_view key;
  Hash hash = 0;
  uint32_t client_flags = 0;
  UnixSeconds exptime = 0;  // 0: never
  uint64_t value_size = 0;
  /// Set it if the item will be published with a CAS of the client's choice (WriteRule::cas_new).
  bool sequenced = false;
  // Found out when room is made for it:
  bool chained = false;   // too large for one chunk
  bool recalled = false;  // its key was evicted unread a short while ago
};

class ItemWriter {
 public:
  /// Bytes an item takes in its chunk; a chained one holds `parts` offsets in place of its value.
  static size_t size_of(const ItemPlan& plan, size_t parts);

  /// Writes all of the header but CAS and seal, and the key. The chunk is nobody's item still.
  static Item* prepare(void* chunk, const ItemPlan& plan);

  /// The value's place, or the chain's table, while the item is not sealed yet.
  static char* body(Item* item, const ItemPlan& plan);

  struct Commit {
    uint64_t cas = 0;
    uint64_t sequence = 0;  // used by sequenced items only
    uint64_t offset = 0;    // of the chunk in the arena: an item is valid in its place only
    uint64_t salt = 0;      // of the region: an item is valid in its file only
    size_t part_size = 0;   // of a chained item's parts but the last; bytes
    bool won = false;
    bool stale = false;
  };
  /// Completes the prepared chunk but for its seal, which it returns. All of it has to be durable
  /// before seal() is called.
  static uint32_t complete(Item* item, const ItemPlan& plan, const Commit& commit);
  /// Makes the completed chunk an item: one store.
  static void seal(Item* item, uint32_t seal);
  /// Both, where nothing has to be durable in between.
  static void seal(Item* item, const ItemPlan& plan, const Commit& commit) {
    seal(item, complete(item, plan, commit));
  }

  /// Ends an item: from here on recovery does not see it. Its bytes stay readable.
  static void end(Item* item);

  static void set_exptime(Item* item, UnixSeconds exptime);
  static void set_marks(Item* item, bool won, bool stale);
  /// Sets the won mark; true for the one caller who found it unset.
  static bool win(Item* item);

  /// 21 bits over everything in the header that never changes, the key, the table of a chained
  /// item, and the place. `hash` is the key's. The item's sizes have to be sound.
  static uint32_t checksum(const Item& item, Hash hash, uint32_t seal, const Commit& commit);
};

}  // namespace ember::storage
