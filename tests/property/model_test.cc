// SPDX-License-Identifier: BSD-3-Clause
// The store against the model: one thread, random operations.
#include <gtest/gtest.h>

#include "tests/property/opened_store.h"
#include "tests/property/random_walk.h"
#include "tests/property/seed.h"

namespace ember::property {
namespace {

constexpr int kSteps = EMBER_PROPERTY_STEPS;

TEST(Model, SmallValuesWithRoomForAll) {
  OpenedStore opened({.memory_limit = 64 * kMiB, .evict = false});
  RandomWalk walk(opened, {.key_count = 1000}, seed_of_test());
  walk.run(kSteps);
}

TEST(Model, ManyKeysWhileTheIndexGrows) {
  OpenedStore opened({.memory_limit = 64 * kMiB, .evict = false});
  RandomWalk walk(opened, {.key_count = 40000, .max_value_size = 200, .advance_one_in = 5000},
                  seed_of_test());
  walk.run(3 * kSteps);
}

TEST(Model, ExpiryAndFlushes) {
  OpenedStore opened({.memory_limit = 64 * kMiB, .evict = false});
  RandomWalk walk(
      opened, {.key_count = 200, .max_value_size = 300, .advance_one_in = 10, .flush_one_in = 100},
      seed_of_test());
  walk.run(kSteps);
}

TEST(Model, ChainedValues) {
  OpenedStore opened({.memory_limit = 256 * kMiB, .item_size_max = 2 * kMiB, .evict = false});
  RandomWalk walk(opened,
                  {.key_count = 40,
                   .max_value_size = 20000,
                   .large_one_in = 3,
                   .max_large_size = kMiB - 1000,
                   .advance_one_in = 500},
                  seed_of_test());
  walk.run(kSteps / 20);
}

TEST(Model, EvictingHitsAreAlwaysTheLastWritten) {
  OpenedStore opened({.memory_limit = kMiB});
  RandomWalk walk(
      opened,
      {.key_count = 20000, .max_value_size = 4096, .advance_one_in = 1000, .may_vanish = true},
      seed_of_test());
  walk.run(2 * kSteps);
  EXPECT_GT(walk.counts().vanished, 0U) << "the memory was not tight: the test tested nothing";
  EXPECT_GT(walk.counts().hits, 0U);
}

TEST(Model, EvictingWithLargeValuesAmongSmall) {
  OpenedStore opened({.memory_limit = 4 * kMiB});
  RandomWalk walk(opened,
                  {.key_count = 500,
                   .max_value_size = 8192,
                   .large_one_in = 8,
                   .max_large_size = kMiB - 1000,
                   .advance_one_in = 500,
                   .flush_one_in = 20000,
                   .may_vanish = true},
                  seed_of_test());
  walk.run(kSteps / 5);
  EXPECT_GT(walk.counts().vanished, 0U);
}

TEST(Model, FullWithoutEvictionLosesNothing) {
  OpenedStore opened({.memory_limit = kMiB, .evict = false});
  RandomWalk walk(
      opened,
      {.key_count = 20000, .max_value_size = 4096, .advance_one_in = 1000, .may_be_full = true},
      seed_of_test());
  walk.run(kSteps);
  EXPECT_GT(walk.counts().full, 0U) << "the memory was never full: the test tested nothing";
}

void expect_rearranged(const RandomWalk& walk) {
  EXPECT_GT(walk.counts().resizes, 0U);
  EXPECT_GT(walk.counts().moves, 0U);
  EXPECT_GT(walk.counts().listed, 0U);
  EXPECT_GT(walk.counts().hits, 0U);
}

// No pages are moved on command: that empties a page even where its class has no room for the
// items.
TEST(Model, OtherLimitsAndListsLoseNothingWithRoomForAll) {
  OpenedStore opened({.memory_limit = 32 * kMiB});
  RandomWalk walk(opened,
                  {.key_count = 4000,
                   .max_value_size = 1000,
                   .flush_one_in = kSteps / 10,
                   .resize_one_in = kSteps / 50,
                   .least_limit = 16 * kMiB,
                   .most_limit = 64 * kMiB,
                   .dump_one_in = kSteps / 100},
                  seed_of_test());
  walk.run(kSteps);
  walk.compare_figures();
  EXPECT_GT(walk.counts().resizes, 0U);
  EXPECT_GT(walk.counts().listed, 0U);
}

TEST(Model, LessMemoryThanIsHeldEvictsAndNothingElse) {
  OpenedStore opened({.memory_limit = 6 * kMiB});
  RandomWalk walk(opened,
                  {.key_count = 20000,
                   .max_value_size = 4096,
                   .advance_one_in = 500,
                   .flush_one_in = kSteps / 4,
                   .resize_one_in = kSteps / 50,
                   .least_limit = kMiB,
                   .most_limit = 12 * kMiB,
                   .move_one_in = kSteps / 1000,
                   .dump_one_in = kSteps / 100,
                   .may_vanish = true},
                  seed_of_test());
  walk.run(2 * kSteps);
  walk.compare_figures();
  expect_rearranged(walk);
  EXPECT_GT(walk.counts().vanished, 0U) << "the memory was not tight: the test tested nothing";
}

TEST(Model, LessMemoryThanLargeValuesHold) {
  OpenedStore opened({.memory_limit = 16 * kMiB});
  RandomWalk walk(opened,
                  {.key_count = 300,
                   .max_value_size = 8192,
                   .large_one_in = 6,
                   .max_large_size = kMiB - 1000,
                   .advance_one_in = 500,
                   .flush_one_in = 10000,
                   .resize_one_in = kSteps / 250,
                   .least_limit = 8 * kMiB,
                   .most_limit = 32 * kMiB,
                   .move_one_in = kSteps / 1000,
                   .dump_one_in = kSteps / 250,
                   .may_vanish = true},
                  seed_of_test());
  walk.run(kSteps / 5);
  walk.compare_figures();
  expect_rearranged(walk);
  EXPECT_GT(walk.counts().vanished, 0U) << "the memory was not tight: the test tested nothing";
}

// A page moved on command is emptied even then, as memcached's -M has it: there are none here.
TEST(Model, LessMemoryThanIsHeldLosesNothingWithoutEviction) {
  OpenedStore opened({.memory_limit = 2 * kMiB, .evict = false});
  RandomWalk walk(opened,
                  {.key_count = 20000,
                   .max_value_size = 4096,
                   .advance_one_in = 1000,
                   .resize_one_in = kSteps / 50,
                   .least_limit = kMiB,
                   .most_limit = 4 * kMiB,
                   .dump_one_in = kSteps / 100,
                   .may_be_full = true},
                  seed_of_test());
  walk.run(kSteps);
  EXPECT_GT(walk.counts().resizes, 0U);
  EXPECT_GT(walk.counts().full, 0U) << "the memory was never full: the test tested nothing";
  ASSERT_TRUE(opened.store().resize(32 * kMiB));
  walk.compare_figures();
}

TEST(Model, OtherLimitsOfAMemoryFileAndStartsFromIt) {
  OpenedStore opened({.memory_limit = 8 * kMiB}, OpenedStore::InFile());
  RandomWalk walk(opened,
                  {.key_count = 5000,
                   .max_value_size = 8192,
                   .advance_one_in = 500,
                   .flush_one_in = kSteps / 4,
                   .resize_one_in = kSteps / 50,
                   .least_limit = 2 * kMiB,
                   .most_limit = 8 * kMiB,
                   .move_one_in = kSteps / 1000,
                   .dump_one_in = kSteps / 200,
                   .may_vanish = true},
                  seed_of_test());
  for (const bool graceful : {true, false, true, false}) {
    walk.run(kSteps / 4);
    walk.compare_figures();
    walk.restart(graceful);
    ASSERT_FALSE(HasFailure());
  }
  expect_rearranged(walk);
  EXPECT_GT(walk.counts().vanished, 0U) << "the memory was not tight: the test tested nothing";
}

TEST(Model, SizesAtTheLimit) {
  constexpr size_t kMax = 64 * kKiB;
  OpenedStore opened({.memory_limit = 16 * kMiB, .item_size_max = kMax});
  const std::string key = "key";
  const size_t fits = kMax - key.size() - storage::Item::kHeaderSize - storage::Item::kSequenceSize;
  const size_t too_large = kMax - key.size() - storage::Item::kHeaderSize + 1;
  const auto outcome = [&](size_t size) {
    opened.thread().quiesce();
    return opened.write(opened.thread(), {.key = key, .value = std::string(size, 'v')}, {}).outcome;
  };
  EXPECT_EQ(outcome(0), storage::Outcome::stored);
  EXPECT_EQ(outcome(fits), storage::Outcome::stored);
  EXPECT_EQ(outcome(too_large), storage::Outcome::too_large);
  const auto found =
      opened.store().find(opened.thread(), key, storage::hash_key(key), storage::Access::peek);
  ASSERT_TRUE(found) << "an item that is too large changes nothing";
  EXPECT_EQ(found.item->value_size(), fits);
}

}  // namespace
}  // namespace ember::property
