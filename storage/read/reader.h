// SPDX-License-Identifier: BSD-3-Clause
// Reader: what a get does: finds items, and tells the bytes of their values.
//
// Threads: any, each between two of its quiesce() calls. No lock, and no shared write but the mark
// of a first use.
// Cost: a hit reads the key's bucket and the item. Bodies are here, so that the store's calls are
// one call each.
#pragma once

#include <cstddef>
#include <string_view>

#include "storage/core/core.h"
#include "storage/read/verifier.h"

namespace ember::storage {

class Reader {
 public:
  Reader(StoreCore& core, const Verifier& verifier) : core_(core), verifier_(verifier) {}

  /// The first and second step of a batched lookup.
  void prefetch_bucket(Hash hash) const { core_.index->prefetch(hash); }
  void prefetch_item(Hash hash) const {
    const IndexEntry entry = core_.index->peek(hash);
    if (!entry.empty()) {
      const char* item = static_cast<const char*>(core_.pages.at(entry.offset()));
      __builtin_prefetch(item);
      __builtin_prefetch(item + kCacheLineSize);
      __builtin_prefetch(item + 2 * kCacheLineSize);
    }
  }

  /// Returns the live item of the key, or why there is none.
  Found find(std::string_view key, Hash hash, Access access) const {
    const Index::Hit hit =
        core_.index->find(hash, [&](uint64_t offset) { return verifier_.is_item(offset, key); });
    return hit ? found(hit, access) : Found();
  }

  /// What a call finds at an entry of the index: the item, or why it is dead. Marks the use.
  Found found(const Index::Hit& hit, Access access) const {
    const Item& item = *core_.pages.item(hit.entry.offset());
    if (const Miss miss = core_.why_dead(item); miss != Miss::absent) {
      return {.miss = miss};
    }
    const UnixSeconds now = core_.now();
    const Found found{.item = &item,
                      .fetched = hit.entry.fetched(),
                      .seconds_since_access = hit.entry.idle_seconds(now)};
    if (access == Access::mark) {
      Index::mark(hit, now);
    }
    return found;
  }

  /// How many ranges of bytes the value is in.
  size_t part_count(const Item& item) const {
    return item.chained() ? core_.chain(item).count() : 1;
  }
  /// Requires: `index` is below part_count().
  std::string_view part(const Item& item, size_t index) const {
    if (!item.chained()) {
      return {item.body(), item.value_size()};
    }
    const Chain chain = core_.chain(item);
    return {static_cast<const char*>(core_.pages.at(chain.offset_of(index))), chain.size_of(index)};
  }

 private:
  StoreCore& core_;
  const Verifier& verifier_;
};

}  // namespace ember::storage
