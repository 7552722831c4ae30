// SPDX-License-Identifier: BSD-3-Clause
// What tests of pages do with an OpenedStore: fill it, let its background come to rest, count
// pages.
#pragma once

#include <string_view>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {

inline void fill(OpenedStore& opened, std::string_view name, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(opened.set(numbered(name, i), pattern(1000)).outcome, Outcome::stored);
  }
}

/// Rounds until nothing is on its way.
inline void settle(OpenedStore& opened) {
  for (int round = 0; round < 10'000; ++round) {
    opened.store->maintain(*opened.thread);
    const StoreStats stats = opened.store->stats();
    if (stats.pages_excess == 0 && !stats.move_running) {
      return;
    }
  }
  ADD_FAILURE() << "it does not settle";
}

inline uint64_t pages_of(OpenedStore& opened, uint8_t id) {
  for (const ClassStats& stats : opened.store->class_stats()) {
    if (stats.class_id == id) {
      return stats.pages;
    }
  }
  return 0;
}

}  // namespace ember::storage
