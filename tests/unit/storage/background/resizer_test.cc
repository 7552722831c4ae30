// SPDX-License-Identifier: BSD-3-Clause
// The limit changed while the store runs, and pages moved on command (storage/background/resizer.h,
// move_request.h).
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "storage/slab/page_table.h"
#include "tests/unit/storage/settled_store.h"

namespace ember::storage {
namespace {

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

}  // namespace
}  // namespace ember::storage
