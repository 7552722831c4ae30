// SPDX-License-Identifier: BSD-3-Clause
// What the store's calls are asked by, and what they answer: rules and outcomes, all of them
// values. An item named by a result stays readable as long as one found does (store.h).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "storage/item/hash.h"
#include "storage/item/item.h"

namespace ember::storage {

/// Classes by their id.
using ClassSet = std::bitset<256>;

/// A key and its hash.
struct ItemName {
  std::string_view key;
  Hash hash = 0;
};

enum class Access : uint8_t {
  mark,  // counts as a use: eviction remembers it
  peek,  // leaves no trace
};

/// Why nothing was found.
enum class Miss : uint8_t { absent, expired, flushed };

/// An item found, as it was before this access was marked.
struct Found {
  const Item* item = nullptr;
  Miss miss = Miss::absent;           // when there is no item
  bool fetched = false;               // it had been read since it was stored
  uint32_t seconds_since_access = 0;  // since it was last read, or stored
  explicit operator bool() const { return item != nullptr; }
};

enum class Outcome : uint8_t {
  stored,      // written, touched, removed: done
  not_stored,  // add of an existing key; replace, append, prepend of a missing one
  exists,      // the CAS given is not the item's
  not_found,
  non_numeric,  // incr, decr of a value that is no decimal 64-bit number
  too_large,    // over item_size_max; nothing changed
  no_memory,    // full without eviction, or everything is pinned; nothing changed
};

/// What must hold for a write, and what it leaves.
struct WriteRule {
  enum class Mode : uint8_t { set, add, replace } mode = Mode::set;
  /// Only if the item's CAS is this.
  std::optional<uint64_t> cas_compare;
  /// With cas_compare: a lower CAS than the item's is accepted. The new item is marked
  /// stale, and keeps the expiry and the win mark of the one it replaces.
  bool accept_older = false;
  /// The new item's CAS; otherwise the next of the store. The draft was planned as `sequenced`.
  std::optional<uint64_t> cas_new;
  /// The new item is handed out as won already.
  bool won = false;
};

struct Written {
  Outcome outcome = Outcome::stored;
  uint64_t cas = 0;      // of the new item, when stored
  uint8_t class_id = 0;  // of the new item when stored; else of the item in the way, if any
};

struct ArithmeticRule {
  bool decrement = false;
  uint64_t delta = 1;
  std::optional<uint64_t> cas_compare;
  std::optional<uint64_t> cas_new;
  std::optional<UnixSeconds> exptime;  // also set this expiry (0: never)
};

struct Counted {
  Outcome outcome = Outcome::stored;
  uint64_t value = 0;
  Written written;
  const Item* item = nullptr;  // the new item, when stored
};

/// Which end of a value bytes are added to.
enum class ValueEnd : uint8_t { back, front };

/// How an item is invalidated: it stays, with a new CAS, marked stale.
struct InvalidateRule {
  /// Only if the item's CAS is this.
  std::optional<uint64_t> cas_compare;
  /// The new item's CAS; otherwise the next of the store.
  std::optional<uint64_t> cas_new;
  /// Also set this expiry (0: never).
  std::optional<UnixSeconds> exptime;
  bool mark_stale = true;
  /// Without its value and client flags.
  bool drop_value = false;
};

/// What becomes of a request to move a page.
enum class PageMove : uint8_t { ok, busy, same, bad_class, no_spare };

}  // namespace ember::storage
