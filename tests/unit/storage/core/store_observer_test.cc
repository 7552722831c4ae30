// SPDX-License-Identifier: BSD-3-Clause
// What a store tells of evictions and of pages that move (storage/core/store_observer.h).
#include "storage/core/store_observer.h"

#include <map>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

constexpr size_t kMemory = 2 * kMiB;

class Observer final : public StoreObserver {
 public:
  void on_eviction(const Eviction& eviction) override {
    ++evictions;
    (eviction.fetched ? fetched : unfetched) += 1;
    last_key = eviction.item.key();
    last_class = eviction.class_id;
    last_size = eviction.item.value_size();
  }
  void on_page_move(uint8_t from, uint8_t to) override { ++moves[{from, to}]; }

  size_t evictions = 0;
  size_t fetched = 0;
  size_t unfetched = 0;
  std::string last_key;
  uint8_t last_class = 0;
  size_t last_size = 0;
  std::map<std::pair<uint8_t, uint8_t>, size_t> moves;
};

class StoreObserverTest : public testing::Test {
 protected:
  void SetUp() override { opened_.thread->observe(observer_); }

  void write(std::string_view prefix, size_t size, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const std::string key = numbered(prefix, i);
      ASSERT_EQ(opened_.set(key, pattern(size)).outcome, Outcome::stored);
      if (i % 2 == 0) {
        opened_.read(key);
      }
      opened_.thread->quiesce();
      if (i % 16 == 0) {
        opened_.store->maintain(*opened_.thread);
      }
    }
  }

  OpenedStore opened_{{.memory_limit = kMemory}};
  Observer observer_;
};

TEST_F(StoreObserverTest, HearsOfEachEviction) {
  observer_.arm(true);
  write("key", 400, 3 * kMemory / 400);
  const ClassStats sum = opened_.sum();
  EXPECT_GT(observer_.evictions, 0U);
  EXPECT_EQ(sum.evicted, observer_.evictions);
  EXPECT_GT(observer_.fetched, 0U);
  EXPECT_GT(observer_.unfetched, observer_.fetched);
  EXPECT_TRUE(observer_.last_key.starts_with("key"));
  EXPECT_FALSE(opened_.has(observer_.last_key));
  EXPECT_EQ(400U, observer_.last_size);
  EXPECT_EQ(opened_.set("probe", pattern(400)).class_id, observer_.last_class);
}

TEST_F(StoreObserverTest, HearsOfPagesThatMove) {
  observer_.arm(true);
  write("small", 200, 2 * kMemory / 250);
  EXPECT_TRUE(observer_.moves.empty());
  const uint8_t small = opened_.set("probe", pattern(200)).class_id;
  write("large", 3000, 4 * kMemory / 3072);
  const uint8_t large = opened_.set("probe", pattern(3000)).class_id;
  const std::pair expected{small, large};
  EXPECT_GT(observer_.moves[expected], 0U);
}

TEST_F(StoreObserverTest, HearsNothingUnlessArmed) {
  write("key", 400, 3 * kMemory / 400);
  write("large", 3000, 4 * kMemory / 3072);
  EXPECT_GT(opened_.sum().evicted, 0U);
  EXPECT_EQ(0U, observer_.evictions);
  EXPECT_TRUE(observer_.moves.empty());
}

}  // namespace
}  // namespace ember::storage
