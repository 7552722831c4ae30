// SPDX-License-Identifier: BSD-3-Clause
// The limit changed while the store runs, and pages moved on command (storage/resize.cc).
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "storage/region/dram_region.h"
#include "storage/slab/page_table.h"
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

void fill(OpenedStore& opened, std::string_view name, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(opened.set(numbered(name, i), pattern(1000)).outcome, Outcome::stored);
  }
}

/// Rounds until nothing is on its way.
void settle(OpenedStore& opened) {
  for (int round = 0; round < 10'000; ++round) {
    opened.store->maintain(*opened.thread);
    const StoreStats stats = opened.store->stats();
    if (stats.pages_excess == 0 && !stats.move_running) {
      return;
    }
  }
  ADD_FAILURE() << "it does not settle";
}

uint64_t pages_of(OpenedStore& opened, uint8_t id) {
  for (const ClassStats& stats : opened.store->class_stats()) {
    if (stats.class_id == id) {
      return stats.pages;
    }
  }
  return 0;
}

TEST(Resize, MoreIsThereAtOnce) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  ASSERT_TRUE(opened.store->resize(24 * kMiB));
  fill(opened, "key", 20'000);
  EXPECT_EQ(opened.sum().evicted, 0U);
  EXPECT_EQ(opened.store->stats().items, 20'000U);
  EXPECT_EQ(opened.store->stats().memory_limit, 24 * kMiB);
  EXPECT_EQ(opened.get(numbered("key", 19'999)), pattern(1000));
}

TEST(Resize, LessEvictsAndKeepsTheRest) {
  OpenedStore opened({.memory_limit = 16 * kMiB});
  fill(opened, "key", 14'000);
  ASSERT_TRUE(opened.store->resize(8 * kMiB));
  settle(opened);
  const StoreStats stats = opened.store->stats();
  EXPECT_EQ(stats.memory_limit, 8 * kMiB);
  EXPECT_LE(stats.pages_assigned + stats.pages_free, 8 * kMiB / page_size_for(16 * kMiB));
  EXPECT_GT(stats.items, 6000U);
  EXPECT_LT(stats.items, 8192U);
  size_t found = 0;
  for (size_t i = 0; i < 14'000; ++i) {
    const auto value = opened.get(numbered("key", i));
    found += value ? 1U : 0U;
    EXPECT_TRUE(!value || *value == pattern(1000));
  }
  EXPECT_EQ(found, stats.items);
  fill(opened, "next", 20'000);
  EXPECT_LT(opened.store->stats().items, 8192U);
}

TEST(Resize, BackAndForth) {
  OpenedStore opened({.memory_limit = 16 * kMiB});
  for (const size_t limit : {8U, 32U, 9U, 16U, 40U, 8U, 40U}) {
    fill(opened, "key", 15'000);
    ASSERT_TRUE(opened.store->resize(limit * kMiB));
    if (limit != 9) {  // 16 comes while pages are still on their way
      settle(opened);
    }
  }
  settle(opened);
  fill(opened, "last", 30'000);
  EXPECT_EQ(opened.get(numbered("last", 0)), pattern(1000));
  EXPECT_GT(opened.store->stats().items, 30'000U);
}

TEST(Resize, NothingIsEvictedWhereNothingMayBe) {
  OpenedStore opened({.memory_limit = 16 * kMiB, .evict = false});
  fill(opened, "key", 10'000);
  ASSERT_TRUE(opened.store->resize(8 * kMiB));
  opened.maintain();
  EXPECT_EQ(opened.store->stats().items, 10'000U);
  EXPECT_GT(opened.store->stats().pages_excess, 0U);
  for (size_t i = 0; i < 10'000; ++i) {
    opened.remove(numbered("key", i));
  }
  settle(opened);
  EXPECT_EQ(opened.store->stats().pages_excess, 0U);
}

TEST(Resize, BeyondWhatItCanHaveIsRefused) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  const auto grown = opened.store->resize(dram_capacity(8 * kMiB) + kMiB);
  ASSERT_FALSE(grown);
  EXPECT_NE(grown.error().message.find("restart it with a larger -m"), std::string::npos);
  EXPECT_EQ(opened.store->stats().memory_limit, 8 * kMiB);
}

/// DRAM that takes its time to give memory back.
class SlowRegion final : public MemoryRegion {
 public:
  std::span<std::byte> bytes() override { return memory_->bytes(); }
  Persist* persist() override { return nullptr; }
  void decommit(size_t, size_t) override {
    for (int i = 0; i < 50; ++i) {
      std::this_thread::yield();
    }
  }

 private:
  std::unique_ptr<MemoryRegion> memory_ = *open_dram_region({.size = 8 * kMiB});
};

// A page that was just then on its way out was counted neither with those that stay nor with those
// that come back, and was missing from then on.
TEST(Resize, MoreComesWhilePagesAreOnTheirWayOut) {
  SlowRegion region;
  OpenedStore opened({.memory_limit = 8 * kMiB}, region);
  const size_t page = page_size_for(8 * kMiB);
  fill(opened, "key", 7000);
  opened.thread->offline();
  const std::jthread janitor([&](const std::stop_token& stop) {
    const auto entry = opened.store->register_thread();
    while (!stop.stop_requested()) {
      opened.store->maintain(*entry);
    }
    entry->offline();
  });
  for (size_t turn = 0; turn < 20; ++turn) {
    ASSERT_TRUE(opened.store->resize(2 * kMiB));
    while (opened.store->stats().pages_excess > 96U - 4U * turn) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(opened.store->resize(8 * kMiB));
    EXPECT_EQ(opened.store->stats().pages_excess, 0U);
    opened.thread->online();
    fill(opened, "key", 7000);  // meanwhile whatever is on its way arrives
    opened.thread->offline();
    const StoreStats stats = opened.store->stats();
    ASSERT_EQ((stats.pages_assigned + stats.pages_free) * page, 8 * kMiB) << "turn " << turn;
  }
}

TEST(MovePage, OnCommand) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  fill(opened, "key", 10'000);
  const int from = opened.store->class_of(*opened.find(numbered("key", 9999)).item);
  const int to = 2;
  const uint64_t before = pages_of(opened, static_cast<uint8_t>(to));
  EXPECT_EQ(opened.store->move_page(from, to), PageMove::ok);
  EXPECT_EQ(opened.store->move_page(from, to), PageMove::busy);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 1);
  EXPECT_EQ(opened.store->move_page(-1, to), PageMove::ok);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 2);
  const uint64_t free = opened.store->stats().pages_free;
  EXPECT_EQ(opened.store->move_page(to, 0), PageMove::ok);
  settle(opened);
  EXPECT_EQ(opened.store->stats().pages_free, free + 1);
  EXPECT_EQ(opened.store->move_page(0, to), PageMove::ok);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 2);
  EXPECT_TRUE(opened.has(numbered("key", 9999)));
}

// A class that was left without a page had a page asked of it for ever, and every other request was
// told that the store is busy.
TEST(MovePage, IsGivenUpWhenWritersTookAllThePages) {
  OpenedStore opened({.memory_limit = kMiB});
  // A class is worth a page for what is written to it.
  const auto write_much = [&](size_t size) {
    for (size_t i = 0; i < kMiB / size; ++i) {
      ASSERT_EQ(opened.set(numbered("size", size), pattern(size)).outcome, Outcome::stored);
      opened.thread->quiesce();
    }
  };
  // The only one with two pages, and nothing in them: whoever has none takes these.
  const uint8_t from = opened.set("a", pattern(100)).class_id;
  size_t count = 0;
  while (pages_of(opened, from) < 2) {
    opened.set(numbered("small", count++), pattern(100));
  }
  size_t size = 1000;
  for (; opened.store->stats().pages_free != 0; size += size / 8) {
    write_much(size);
  }
  for (size_t i = 0; i < count; ++i) {
    opened.remove(numbered("small", i));
  }
  opened.remove("a");
  opened.thread->quiesce();
  ASSERT_EQ(opened.store->move_page(from, from + 1), PageMove::ok);
  for (; pages_of(opened, from) != 0 && size < 60'000; size += size / 8) {
    write_much(size);
  }
  ASSERT_EQ(pages_of(opened, from), 0U);
  settle(opened);
  EXPECT_FALSE(opened.store->stats().move_running);
  EXPECT_NE(opened.store->move_page(-1, from), PageMove::busy);
}

TEST(MovePage, WhatCannotBe) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("small", "x");
  const int last = static_cast<int>(opened.store->class_count());
  EXPECT_EQ(opened.store->move_page(1, 1), PageMove::same);
  EXPECT_EQ(opened.store->move_page(1, 2), PageMove::no_spare);
  EXPECT_EQ(opened.store->move_page(last + 1, 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(1, last + 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(-2, 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(-1, 1), PageMove::bad_class);
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
