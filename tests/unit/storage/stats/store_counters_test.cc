// SPDX-License-Identifier: BSD-3-Clause
// What the store counts (storage/stats/store_counters.h), and threads that come and go.
#include <utility>
#include <vector>

#include "tests/unit/storage/settled_store.h"

namespace ember::storage {
namespace {

TEST(Figures, AreThoseOfKnownOperations) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  const StoreStats empty = opened.store->stats();
  EXPECT_EQ(empty.items, 0U);
  EXPECT_EQ(empty.memory_limit, 2 * kMiB);
  EXPECT_EQ(empty.pages_assigned, 0U);
  EXPECT_EQ(empty.pages_free, 32U);
  opened.set("a", "12345");
  opened.set("b", "12345");
  opened.set("b", "1234567890");
  opened.remove("a");
  opened.set("c", pattern(1000));
  const StoreStats stats = opened.store->stats();
  EXPECT_EQ(stats.items, 2U);
  EXPECT_EQ(stats.total_items, 4U);
  EXPECT_EQ(stats.bytes, (24U + 1 + 10) + (24U + 1 + 1000));
  EXPECT_EQ(stats.pages_assigned, 2U);
  EXPECT_EQ(stats.pages_free, 30U);
  EXPECT_EQ(stats.hash_power, 12U);
  EXPECT_FALSE(stats.index_growing);
  EXPECT_EQ(stats.index_bytes, 4096U * 64);
}

TEST(Figures, AreKeptByClass) {
  OpenedStore opened({.memory_limit = 2 * kMiB});
  const uint8_t id = opened.set("a", "12345").class_id;
  opened.set("b", "12345");
  opened.set("c", "12345");
  opened.remove("c");
  const auto classes = opened.store->class_stats();
  ASSERT_EQ(classes.size(), 1U);
  const ClassStats& stats = classes[0];
  EXPECT_EQ(stats.class_id, id);
  EXPECT_GE(stats.chunk_size, 30U);
  EXPECT_EQ(stats.pages, 1U);
  EXPECT_EQ(stats.items, 2U);
  EXPECT_EQ(stats.items_small, 2U);
  EXPECT_EQ(stats.items_main, 0U);
  EXPECT_EQ(stats.mem_requested, 2U * 30);
  EXPECT_EQ(stats.used_chunks, 2U);
  EXPECT_EQ(stats.used_chunks + stats.free_chunks, stats.chunks_per_page);
}

TEST(Figures, CountEvictionsUntilTheyAreReset) {
  OpenedStore opened({.memory_limit = kMiB});
  const std::string value = pattern(400);
  constexpr size_t kWritten = 5000;
  for (size_t i = 0; i < kWritten; ++i) {
    opened.set(numbered("key", i), value);
  }
  EXPECT_EQ(opened.sum().evicted + opened.store->stats().items, kWritten);
  EXPECT_GT(opened.sum().evicted, kWritten / 2);
  opened.store->reset_stats();
  EXPECT_EQ(opened.sum().evicted, 0U);
  EXPECT_GT(opened.store->stats().items, 0U);
  EXPECT_EQ(opened.store->stats().items, opened.sum().items);
}

TEST(Figures, SumTheUseOfAllThreadsAlsoOfThoseThatAreGone) {
  OpenedStore opened({.memory_limit = kMiB});
  {
    const auto other = opened.store->register_thread();
    ++other->use(3).get_hits;
    ++opened.thread->use(3).get_hits;
    ++opened.thread->use(4).cas_badval;
    EXPECT_EQ(opened.store->class_use()[3].get_hits.get(), 2U);
  }
  const auto use = opened.store->class_use();
  EXPECT_EQ(use[3].get_hits.get(), 2U);
  EXPECT_EQ(use[3].sets.get(), 0U);
  EXPECT_EQ(use[4].cas_badval.get(), 1U);
  opened.store->reset_stats();
  EXPECT_EQ(opened.store->class_use()[3].get_hits.get(), 0U);
  ++opened.thread->use(3).get_hits;
  EXPECT_EQ(opened.store->class_use()[3].get_hits.get(), 1U);
}

TEST(Figures, ItemsOfAThreadThatIsGoneStayCounted) {
  OpenedStore opened({.memory_limit = kMiB});
  opened.set("key", "value");
  opened.thread = opened.store->register_thread();
  EXPECT_EQ(opened.store->stats().items, 1U);
  EXPECT_EQ(opened.get("key"), "value");
  opened.remove("key");
  EXPECT_EQ(opened.store->stats().items, 0U);
  EXPECT_EQ(opened.store->stats().bytes, 0U);
}

TEST(Sizes, AreCountedInStepsOf32) {
  OpenedStore opened({.memory_limit = 8 * kMiB, .track_sizes = true});
  opened.set("a", std::string(7, 'x'));   // 24 + 1 + 7
  opened.set("b", std::string(8, 'x'));   // one more
  opened.set("c", std::string(39, 'x'));  // 64
  using Counts = std::vector<std::pair<size_t, uint32_t>>;
  EXPECT_EQ(opened.store->sizes().counts(), (Counts{{32, 1}, {64, 2}}));
  opened.set("b", "x");
  opened.remove("c");
  EXPECT_EQ(opened.store->sizes().counts(), (Counts{{32, 2}}));
}

TEST(Sizes, SwitchedOnLaterOnlyWhatComesCounts) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  EXPECT_FALSE(opened.store->sizes().on());
  opened.set("before", "x");
  opened.store->track_sizes(true);
  const uint64_t total = opened.store->stats().total_items;
  EXPECT_EQ(total, 1U);
  opened.set("after", "x");
  opened.remove("before");
  using Counts = std::vector<std::pair<size_t, uint32_t>>;
  EXPECT_EQ(opened.store->sizes().counts(), (Counts{{32, 1}}));
  opened.store->track_sizes(false);
  opened.remove("after");
  EXPECT_TRUE(opened.store->sizes().counts().empty());
  opened.store->track_sizes(true);
  EXPECT_TRUE(opened.store->sizes().counts().empty());
}

TEST(Sizes, StayTrueWhileItemsMoveAndAreEvicted) {
  OpenedStore opened({.memory_limit = 8 * kMiB, .track_sizes = true});
  fill(opened, "key", 20'000);
  ASSERT_TRUE(opened.store->resize(16 * kMiB));
  fill(opened, "more", 20'000);
  ASSERT_TRUE(opened.store->resize(8 * kMiB));
  settle(opened);
  uint64_t counted = 0;
  for (const auto& [size, count] : opened.store->sizes().counts()) {
    counted += count;
  }
  EXPECT_EQ(counted, opened.store->stats().items);
}

}  // namespace
}  // namespace ember::storage
