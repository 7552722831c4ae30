// SPDX-License-Identifier: BSD-3-Clause
// Pages between classes (storage/evict/page_balancer.h, page_mover.h), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

/// Writes items of `size`, some three in four read once, with the background at work.
void write_and_read(OpenedStore& opened, std::string_view prefix, size_t size, size_t count) {
  const std::string value = pattern(size);
  for (size_t i = 0; i < count; ++i) {
    const std::string key = numbered(prefix, i);
    ASSERT_EQ(opened.set(key, value).outcome, Outcome::stored);
    if (i % 4 != 0) {
      opened.read(key);
    }
    opened.thread->quiesce();
    if (i % 13 == 0) {
      opened.store->maintain(*opened.thread);
    }
  }
}

TEST(PageMover, GivesTheNewSizeMostOfTheMemoryWhenSizesShift) {
  constexpr size_t kMemory = 4 * kMiB;
  OpenedStore opened({.memory_limit = kMemory});
  write_and_read(opened, "small", 200, 2 * kMemory / 250);
  const uint64_t moved_before = opened.store->stats().pages_moved;
  const Written probe = opened.set("probe", pattern(3000));
  ASSERT_EQ(probe.outcome, Outcome::stored);
  write_and_read(opened, "large", 3000, 5 * kMemory / 3072);
  EXPECT_GT(opened.store->stats().pages_moved, moved_before);
  uint64_t pages = 0;
  uint64_t pages_of_large = 0;
  for (const ClassStats& stats : opened.store->class_stats()) {
    pages += stats.pages;
    pages_of_large += stats.chunk_size >= 3000 ? stats.pages : 0;
  }
  EXPECT_GT(pages_of_large * 2, pages) << pages_of_large << " of " << pages;
  EXPECT_LE(pages, kMemory / (64 * kKiB));
}

TEST(PageMover, WhatItMovesKeepsItsValue) {
  constexpr size_t kMemory = 2 * kMiB;
  OpenedStore opened({.memory_limit = kMemory});
  for (size_t i = 0; i < 2 * kMemory / 250; ++i) {
    const std::string key = numbered("small", i);
    ASSERT_EQ(opened.set(key, key + pattern(200)).outcome, Outcome::stored);
    opened.read(key);
    opened.thread->quiesce();
  }
  write_and_read(opened, "large", 3000, kMemory / 3072);
  EXPECT_GT(opened.store->stats().rescues, 0U);
  size_t checked = 0;
  for (size_t i = 0; i < 2 * kMemory / 250; ++i) {
    const std::string key = numbered("small", i);
    if (const auto value = opened.get(key)) {
      ASSERT_EQ(*value, key + pattern(200));
      ++checked;
    }
  }
  EXPECT_GT(checked, 0U);
  const ClassStats sum = opened.sum();
  EXPECT_EQ(sum.items, opened.store->stats().items);
}

/// Pages moved for one same workload: sizes shift to and fro, and neither falls idle.
uint64_t moves_with(uint32_t automove, double ratio) {
  constexpr size_t kMemory = 4 * kMiB;
  OpenedStore opened({.memory_limit = kMemory});
  opened.store->tuning().automove = automove;
  opened.store->tuning().automove_ratio = ratio;
  for (size_t round = 0; round < 4; ++round) {
    const std::string name = std::to_string(round);
    write_and_read(opened, "small" + name, 200, kMemory / 1000);
    write_and_read(opened, "large" + name, 3000, kMemory / 3072);
    write_and_read(opened, "little" + name, 200, kMemory / 250);
  }
  return opened.store->stats().pages_moved;
}

TEST(PageMover, MovesPagesOnlyToWhoHasNoneWhenToldNotToMoveAny) {
  constexpr size_t kMemory = 4 * kMiB;
  OpenedStore opened({.memory_limit = kMemory});
  opened.store->tuning().automove = 0;
  write_and_read(opened, "small", 200, 2 * kMemory / 250);
  write_and_read(opened, "large", 3000, kMemory / 3072);
  EXPECT_LE(opened.store->stats().pages_moved, 2U);
  opened.store->tuning().automove = 1;
  write_and_read(opened, "later", 3000, kMemory / 3072);
  EXPECT_GT(opened.store->stats().pages_moved, 10U);
}

TEST(PageMover, MovesTheMoreTheLessAPageMustGainAndTheLessItWaits) {
  const uint64_t usual = moves_with(1, 0.8);
  EXPECT_LT(moves_with(1, 0.01), usual);
  EXPECT_GT(moves_with(2, 0.8), usual);
  EXPECT_LT(moves_with(0, 0.8), moves_with(1, 0.01));
}

}  // namespace
}  // namespace ember::storage
