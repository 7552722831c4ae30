// SPDX-License-Identifier: BSD-3-Clause
// Chunks for writers (storage/write/allocator.h), seen through the store.
#include <cmath>
#include <random>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class AnySize : public testing::TestWithParam<size_t> {};

TEST_P(AnySize, FindsRoomByEvicting) {
  OpenedStore opened({.memory_limit = GetParam()});
  std::mt19937 random(7);
  std::uniform_real_distribution<double> power(std::log(10.0), std::log(900.0 * kKiB));
  const std::string bytes = pattern(900 * kKiB);
  size_t written = 0;
  for (size_t i = 0; written < 3 * GetParam(); ++i) {
    const auto size = static_cast<size_t>(std::exp(power(random)));
    const std::string key = numbered("key", i);
    ASSERT_EQ(opened.set(key, std::string_view(bytes).substr(0, size)).outcome, Outcome::stored)
        << "item " << i << " of " << size;
    const Found found = opened.find(key, i % 3 == 0 ? Access::mark : Access::peek);
    ASSERT_TRUE(found);
    ASSERT_EQ(found.item->value_size(), size);
    opened.thread->quiesce();
    if (i % 8 == 0) {
      opened.store->maintain(*opened.thread);
    }
    written += size;
  }
  EXPECT_EQ(opened.sum().out_of_memory, 0U);
  EXPECT_LE(opened.store->stats().bytes, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Arenas, AnySize, testing::Values(8 * kMiB, 64 * kMiB));

TEST(Allocation, WithoutEvictionAFullStoreSaysSo) {
  OpenedStore opened({.memory_limit = kMiB, .evict = false});
  const std::string value = pattern(1000);
  size_t stored = 0;
  while (stored < 2000 && opened.set(numbered("key", stored), value).outcome == Outcome::stored) {
    ++stored;
  }
  ASSERT_GT(stored, 800U);
  ASSERT_LT(stored, 1100U);
  EXPECT_EQ(opened.set("more", value).outcome, Outcome::no_memory);
  EXPECT_EQ(opened.sum().out_of_memory, 2U);
  EXPECT_EQ(opened.sum().evicted, 0U);
  EXPECT_EQ(opened.store->stats().items, stored);
  EXPECT_EQ(opened.get("key0"), value);
  EXPECT_EQ(opened.remove("key0"), Outcome::stored);
  opened.thread->quiesce();
  EXPECT_EQ(opened.set("more", value).outcome, Outcome::stored);
}

TEST(Allocation, RefusesWhatIsOverTheLargestItem) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("key", "old");
  const size_t most = kMiB - Item::kHeaderSize - 3;
  EXPECT_EQ(opened.set("key", pattern(most + 1)).outcome, Outcome::too_large);
  EXPECT_EQ(opened.get("key"), "old");
  EXPECT_EQ(opened.set("key", pattern(most)).outcome, Outcome::stored);
  EXPECT_EQ(opened.get("key"), pattern(most));
}

TEST(Allocation, LargeValuesComeInPieces) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  for (const size_t size : {size_t{1}, 20 * kKiB, 31 * kKiB, 33 * kKiB, 100 * kKiB, 900 * kKiB}) {
    const std::string value = pattern(size, static_cast<unsigned>(size));
    ASSERT_EQ(opened.set("key", value).outcome, Outcome::stored);
    const Found found = opened.find("key");
    ASSERT_TRUE(found);
    EXPECT_EQ(opened.store->part_count(*found.item) > 1, size >= 33 * kKiB) << size;
    EXPECT_EQ(found.item->chained(), size >= 33 * kKiB) << size;
    EXPECT_EQ(opened.value_of(*found.item), value);
  }
}

class NewSize : public testing::TestWithParam<double> {};

TEST_P(NewSize, TakesAPageRatherThanMuchTooLargeChunks) {
  constexpr size_t kMemory = 4 * kMiB;
  OpenedStore opened({.memory_limit = kMemory});
  ASSERT_EQ(opened.set("large", pattern(20 * kKiB)).outcome, Outcome::stored);
  const std::string small = pattern(200);
  for (size_t i = 0; i < static_cast<size_t>(kMemory * GetParam()) / 250; ++i) {
    ASSERT_EQ(opened.set(numbered("small", i), small).outcome, Outcome::stored);
    opened.thread->quiesce();
  }
  const std::string middle = pattern(1000);
  for (size_t i = 0; i < 100; ++i) {
    ASSERT_EQ(opened.set(numbered("middle", i), middle).outcome, Outcome::stored);
    opened.thread->quiesce();
  }
  uint64_t fitting = 0;
  for (const ClassStats& stats : opened.store->class_stats()) {
    fitting += stats.chunk_size > 1000 && stats.chunk_size < 2000 ? stats.items : 0;
  }
  EXPECT_GT(fitting, 30U);
}

// Of the memory; beyond all of it pages come from other classes.
INSTANTIATE_TEST_SUITE_P(Filled, NewSize, testing::Values(0.5, 0.85, 1.5));

}  // namespace
}  // namespace ember::storage
