// SPDX-License-Identifier: BSD-3-Clause
// OpenedStore: a store, its clock and one thread, and short ways to say what tests do.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "storage/core/store_thread.h"
#include "storage/region/dram_region.h"
#include "storage/store.h"

namespace ember::storage {

struct OpenedStore {
  explicit OpenedStore(const StoreOptions& options) {
    region = *open_dram_region({.size = options.memory_limit});
    store = *Store::open(options, *region, clock);
    thread = store->register_thread();
  }

  /// Over a region that outlives it, so much later than it is.
  OpenedStore(const StoreOptions& options, MemoryRegion& kept, uint32_t seconds_later = 0) {
    clock.advance(seconds_later);
    auto opened = Store::open(options, kept, clock);
    check(opened.has_value(), "the store opens");
    store = std::move(*opened);
    thread = store->register_thread();
  }

  /// Ends as a graceful stop does.
  void close(bool sync = false) {
    thread.reset();
    EXPECT_TRUE(store->close(sync));
  }

  Written set(std::string_view key, std::string_view value, UnixSeconds exptime = 0,
              const WriteRule& rule = {}) {
    return write({.key = key, .exptime = exptime}, value, rule);
  }

  Written write(ItemPlan plan, std::string_view value, const WriteRule& rule) {
    plan.hash = hash_key(plan.key);
    plan.value_size = value.size();
    plan.sequenced = rule.cas_new.has_value();
    Draft draft = store->draft(*thread, plan);
    if (draft.outcome() != Outcome::stored) {
      return {.outcome = draft.outcome()};
    }
    draft.fill(value);
    EXPECT_TRUE(draft.next().empty());
    return store->publish(*thread, std::move(draft), rule);
  }

  Found find(std::string_view key, Access access = Access::peek) {
    return store->find(*thread, key, hash_key(key), access);
  }
  bool has(std::string_view key) { return static_cast<bool>(find(key)); }
  bool read(std::string_view key) { return static_cast<bool>(find(key, Access::mark)); }

  std::string value_of(const Item& item) const {
    std::string value;
    for (size_t i = 0; i < store->part_count(item); ++i) {
      value += store->part(item, i);
    }
    return value;
  }
  /// Absent keys have no value.
  std::optional<std::string> get(std::string_view key) {
    const Found found = find(key);
    return found ? std::optional(value_of(*found.item)) : std::nullopt;
  }

  Outcome remove(std::string_view key, std::optional<uint64_t> cas = {}) {
    return store->remove(*thread, key, hash_key(key), cas).outcome;
  }

  /// Rounds of the background until it has nothing to do.
  void maintain() {
    for (int round = 0; round < 10000 && store->maintain(*thread); ++round) {
    }
    thread->quiesce();
  }

  ClassStats sum() const {
    ClassStats sum;
    for (const ClassStats& stats : store->class_stats()) {
      sum.items += stats.items;
      sum.mem_requested += stats.mem_requested;
      sum.evicted += stats.evicted;
      sum.reclaimed += stats.reclaimed;
      sum.crawler_reclaimed += stats.crawler_reclaimed;
      sum.expired_unfetched += stats.expired_unfetched;
      sum.out_of_memory += stats.out_of_memory;
      sum.moves_to_main += stats.moves_to_main;
    }
    return sum;
  }

  Clock clock;
  std::unique_ptr<MemoryRegion> region;
  std::unique_ptr<Store> store;
  std::unique_ptr<StoreThread> thread;
};

inline std::string numbered(std::string_view prefix, size_t number) {
  return std::string(prefix) + std::to_string(number);
}

/// Bytes that tell where in which value they are.
inline std::string pattern(size_t size, unsigned seed = 0) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>('a' + (i * 7 + i / 251 + seed) % 26);
  }
  return bytes;
}

}  // namespace ember::storage
