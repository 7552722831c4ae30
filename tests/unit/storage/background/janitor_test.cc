// SPDX-License-Identifier: BSD-3-Clause
// The background (storage/background/janitor.h), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

TEST(Janitor, StopsTheClocksOfItemsLongUnread) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  opened.set("key", "value");
  // 12 hours, half an hour at a time: the entry's clock wraps after nine.
  for (int pass = 0; pass < 24; ++pass) {
    opened.clock.advance(1801);
    opened.maintain();
  }
  EXPECT_GE(opened.find("key").seconds_since_access, 28000U);
}

TEST(Janitor, CountsItsRounds) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  const uint64_t before = opened.store->stats().janitor_rounds;
  opened.store->maintain(*opened.thread);
  EXPECT_EQ(opened.store->stats().janitor_rounds, before + 1);
}

}  // namespace
}  // namespace ember::storage
