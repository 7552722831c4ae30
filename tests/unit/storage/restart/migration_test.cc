// SPDX-License-Identifier: BSD-3-Clause
// Items over a change of -m, -f or -n (storage/restart/migration.h).
#include "tests/unit/storage/reopened_store.h"

namespace ember::storage {
namespace {

struct Change {
  const char* name;
  size_t memory_limit;
  double growth_factor;
  size_t min_item_space;
};

class RehousingAfter : public ReopenedStore, public testing::WithParamInterface<Change> {
 protected:
  static constexpr size_t kItems = 600;
  static constexpr size_t kChains = 5;

  static std::string chain(size_t number) {
    return pattern(70'000 + number * 31'000, static_cast<unsigned>(number));
  }
  static std::string plain(size_t number) {
    return pattern(number % 5 * 170, static_cast<unsigned>(number));
  }
  void fill() {
    for (size_t i = 0; i < kItems; ++i) {
      const UnixSeconds exptime = i % 3 == 0 ? now().clock.now() + kHour : 0;
      now().set(numbered("key", i), plain(i), exptime);
      if (i % 100 == 0 && i / 100 < kChains) {
        now().set(numbered("chain", i / 100), chain(i / 100));
      }
    }
    now().set("chosen", "value", 0, {.cas_new = 12345});
    now().set("won", "value", 0, {.won = true});
  }
  void reopen_changed() {
    crash();
    const Change& change = GetParam();
    options_.memory_limit = change.memory_limit;
    options_.growth_factor = change.growth_factor;
    options_.min_item_space = change.min_item_space;
    auto image = region_->image();
    image.resize(std::max(image.size(), change.memory_limit));
    region_ = std::make_unique<PersistentRegion>(image, change.memory_limit);
    start();
  }
  void check_all() {
    for (size_t i = 0; i < kItems; ++i) {
      ASSERT_TRUE(now().get(numbered("key", i)) == plain(i)) << i;
      ASSERT_EQ(now().find(numbered("key", i)).item->exptime() != 0, i % 3 == 0) << i;
    }
    for (size_t i = 0; i < kChains; ++i) {
      ASSERT_TRUE(now().get(numbered("chain", i)) == chain(i)) << i;
    }
    EXPECT_EQ(now().find("chosen").item->cas(), 12345U);
    EXPECT_TRUE(now().find("won").item->won());
  }
};

TEST_P(RehousingAfter, EverythingThatFitsIsThere) {
  fill();
  const uint64_t items = now().store->stats().items;
  reopen_changed();
  EXPECT_EQ(report().source, RecoveryReport::Source::scan);
  EXPECT_EQ(report().items, items);
  EXPECT_EQ(report().damaged + report().unfit + report().replaced + report().expired, 0U);
  EXPECT_EQ(now().store->stats().items, items);
  check_all();
  EXPECT_EQ(region().whole().size(), GetParam().memory_limit) << "what is beyond is given up";
  restart();
  EXPECT_EQ(report().items, items) << "and it is as good as any";
  check_all();
}

TEST_P(RehousingAfter, WhatIsGoneStaysGone) {
  fill();
  for (size_t i = 0; i < kItems; i += 2) {
    now().remove(numbered("key", i));
  }
  now().remove("chain1");
  now().set("chain2", "no chain any more");
  reopen_changed();
  for (size_t i = 0; i < kItems; ++i) {
    EXPECT_EQ(now().has(numbered("key", i)), i % 2 != 0) << i;
  }
  EXPECT_FALSE(now().has("chain1"));
  EXPECT_EQ(now().get("chain2"), "no chain any more");
  EXPECT_TRUE(now().get("chain3") == chain(3));
}

TEST_P(RehousingAfter, TheStoreWorksOn) {
  fill();
  reopen_changed();
  for (size_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(now().set(numbered("new", i), plain(i)).outcome, Outcome::stored) << i;
    if (i % 64 == 0) {
      now().maintain();
    }
  }
  EXPECT_TRUE(now().get("new19999") == plain(19'999));
  const uint64_t items = now().store->stats().items;
  restart();
  EXPECT_EQ(report().items, items);
}

INSTANTIATE_TEST_SUITE_P(Options, RehousingAfter,
                         testing::Values(Change{"OtherGrowth", 4 * kMiB, 1.25, 24},
                                         Change{"OtherSpace", 4 * kMiB, 1.08, 72},
                                         Change{"LessMemory", 3 * kMiB, 1.08, 24},
                                         Change{"MoreMemory", 6 * kMiB, 1.08, 24},
                                         Change{"LessAndOther", 3 * kMiB, 1.5, 48}),
                         [](const auto& each) { return std::string(each.param.name); });

using RehousingIntoLess = ReopenedStore;

TEST_F(RehousingIntoLess, WhatDoesNotFitIsEvictedNotRefused) {
  for (size_t i = 0; i < 30; ++i) {
    now().set(numbered("large", i), pattern(100'000, static_cast<unsigned>(i)));
  }
  const uint64_t items = now().store->stats().items;
  crash();
  options_.memory_limit = kMiB;
  region_ = std::make_unique<PersistentRegion>(region_->image(), kMiB);
  start();
  EXPECT_GT(report().items, 0U) << report().unfit << " without room";
  EXPECT_LT(report().items, items);
  for (size_t i = 0; i < 30; ++i) {
    const auto value = now().get(numbered("large", i));
    EXPECT_TRUE(!value || *value == pattern(100'000, static_cast<unsigned>(i))) << i;
  }
}

// Each lies in several pages that are given up, its head in one that stays.
TEST_F(RehousingIntoLess, AChainIsMovedOnce) {
  for (size_t i = 0; i < 35; ++i) {
    now().set(numbered("low", i), pattern(9000));  // of the class of heads
  }
  for (size_t i = 0; i < 25; ++i) {
    now().set(numbered("before", i), pattern(100'000));
  }
  for (size_t i = 0; i < 35; ++i) {
    now().remove(numbered("low", i));
  }
  for (int round = 0; round < 3; ++round) {
    now().thread->quiesce();
  }
  for (size_t i = 0; i < 10; ++i) {
    now().set(numbered("chain", i), pattern(100'000, static_cast<unsigned>(i)));
  }
  for (size_t i = 0; i < 25; ++i) {
    now().remove(numbered("before", i));
  }
  const Item& item = *now().find("chain5").item;
  ASSERT_LT(place_of(item), 2 * kMiB);
  ASSERT_GE(load_unaligned<uint64_t>(item.body()), 2 * kMiB);
  crash();
  options_.memory_limit = 2 * kMiB;
  region_ = std::make_unique<PersistentRegion>(region_->image(), 2 * kMiB);
  start();
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(report().items, 10U);
    EXPECT_EQ(report().damaged + report().replaced + report().unfit, 0U);
    EXPECT_EQ(now().sum().items, 10U);
    for (size_t i = 0; i < 10; ++i) {
      EXPECT_TRUE(now().get(numbered("chain", i)) == pattern(100'000, static_cast<unsigned>(i)))
          << i;
    }
    restart();
  }
}

}  // namespace
}  // namespace ember::storage
