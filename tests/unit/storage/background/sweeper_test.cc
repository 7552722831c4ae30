// SPDX-License-Identifier: BSD-3-Clause
// Expired items freed in the background (storage/background/sweeper.h), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

TEST(Sweep, FreesExpiredItemsNobodyReads) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  const UnixSeconds soon = opened.clock.now() + 10;
  for (size_t i = 0; i < 1000; ++i) {
    opened.set(numbered("short", i), "value", soon);
    opened.set(numbered("large", i), pattern(900), i % 2 == 0 ? soon : 0);
  }
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 2000U);
  opened.clock.advance(5);  // well before: the true second may pass meanwhile
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 2000U);
  opened.clock.advance(5);
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 500U);
  EXPECT_EQ(opened.sum().crawler_reclaimed, 1500U);
  EXPECT_EQ(opened.sum().expired_unfetched, 1500U);
  EXPECT_EQ(opened.sum().evicted, 0U);
  size_t used = 0;
  for (const ClassStats& stats : opened.store->class_stats()) {
    used += stats.used_chunks;
  }
  EXPECT_EQ(used, 500U);
}

TEST(Sweep, RestsAsLongAsItWasTold) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.store->tuning().sweep_rest_us = 1'000'000'000;  // it will not be over in this test
  for (size_t i = 0; i < 5000; ++i) {
    opened.set(numbered("first", i), "value", opened.clock.now() + 1);
  }
  opened.clock.advance(1);
  opened.maintain();
  opened.set("second", "value", opened.clock.now() + 1);
  const uint64_t left = opened.store->stats().items;
  opened.clock.advance(2);
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, left);
}

TEST(Sweep, LooksAtSoManyOfAClassAtOneGo) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.store->tuning().sweep_items = 1;
  for (size_t i = 0; i < 10'000; ++i) {
    opened.set(numbered("key", i), "value", opened.clock.now() + 1);
  }
  opened.clock.advance(1);
  uint64_t before = opened.store->stats().items;
  // A page at a time: its items are never looked at in part.
  while (before > 0) {
    opened.store->maintain(*opened.thread);
    const uint64_t left = opened.store->stats().items;
    EXPECT_LT(left, before);
    EXPECT_LT(before - left, 1500U);
    before = left;
  }
}

TEST(Sweep, CrawlsOnRequest) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  for (size_t i = 0; i < 10'000; ++i) {
    opened.set(numbered("key", i), "value");
  }
  ClassSet classes;
  classes.set(opened.store->class_of(*opened.find(numbered("key", 0)).item));
  ASSERT_TRUE(opened.store->crawl(classes));
  EXPECT_FALSE(opened.store->crawl(classes));
  opened.maintain();
  EXPECT_FALSE(opened.store->stats().crawl_running);
  uint64_t checked = 0;
  for (const ClassStats& stats : opened.store->class_stats()) {
    checked += stats.crawler_items_checked;
  }
  EXPECT_EQ(checked, 10'000U);
  EXPECT_EQ(opened.store->stats().items, 10'000U);
  EXPECT_TRUE(opened.store->crawl(classes));
}

TEST(Sweep, FreesLargeExpiredItemsWithAllTheirParts) {
  OpenedStore opened({.memory_limit = 4 * kMiB});
  opened.set("large", pattern(300 * kKiB), opened.clock.now() + 5);
  opened.clock.advance(5);
  opened.maintain();
  for (const ClassStats& stats : opened.store->class_stats()) {
    EXPECT_EQ(stats.used_chunks, 0U) << int{stats.class_id};
  }
}

TEST(Sweep, FreesWhatWasFlushed) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  for (size_t i = 0; i < 100; ++i) {
    opened.set(numbered("old", i), "value");
  }
  opened.store->flush_all(*opened.thread, 0);
  opened.set("new", "value");
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 1U);
  EXPECT_TRUE(opened.has("new"));
}

TEST(Sweep, FindsAnExpirySetByTouch) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  opened.set("key", "value");
  opened.store->touch(*opened.thread, "key", hash_key("key"), opened.clock.now() + 3, Access::peek);
  opened.clock.advance(3);
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 0U);
}

}  // namespace
}  // namespace ember::storage
