// SPDX-License-Identifier: BSD-3-Clause
// Reading and pinning (storage/find.cc), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class Find : public testing::Test {
 protected:
  /// Writes and removes until the memory was reused several times.
  void reuse_memory() {
    const std::string other(20000, '#');
    for (size_t i = 0; i < 1200; ++i) {
      ASSERT_EQ(opened_.set(numbered("other", i), other).outcome, Outcome::stored);
      opened_.thread->quiesce();
    }
  }

  OpenedStore opened_{{.memory_limit = 4 * kMiB}};
};

TEST_F(Find, TellsWhyThereIsNothing) {
  EXPECT_EQ(opened_.find("key").miss, Miss::absent);
  opened_.set("key", "value", opened_.clock.now() + 2);
  opened_.clock.advance(1);
  EXPECT_TRUE(opened_.has("key"));
  opened_.clock.advance(1);
  EXPECT_FALSE(opened_.has("key"));
  EXPECT_EQ(opened_.find("key").miss, Miss::expired);
  opened_.set("key", "value");
  opened_.store->flush_all(*opened_.thread, 0);
  EXPECT_FALSE(opened_.has("key"));
  EXPECT_EQ(opened_.find("key").miss, Miss::flushed);
}

TEST_F(Find, ReportsTheAccessBeforeThisOne) {
  opened_.set("key", "value");
  opened_.clock.advance(100);
  Found found = opened_.find("key", Access::peek);
  EXPECT_FALSE(found.fetched);
  EXPECT_EQ(found.seconds_since_access, 100U);
  found = opened_.find("key", Access::mark);
  EXPECT_FALSE(found.fetched);
  EXPECT_EQ(found.seconds_since_access, 100U);
  opened_.clock.advance(30);
  found = opened_.find("key", Access::mark);
  EXPECT_TRUE(found.fetched);
  EXPECT_EQ(found.seconds_since_access, 30U);
  opened_.set("key", "other");
  EXPECT_FALSE(opened_.find("key").fetched);
}

TEST_F(Find, PrefetchingChangesNothing) {
  opened_.set("key", "value");
  for (const std::string_view key : {"key", "absent"}) {
    opened_.store->prefetch_bucket(hash_key(key));
    opened_.store->prefetch_item(hash_key(key));
  }
  EXPECT_FALSE(opened_.find("key").fetched);
  EXPECT_FALSE(opened_.has("absent"));
}

TEST_F(Find, WhatWasFoundStaysUntilTheThreadSaysOtherwise) {
  opened_.set("key", "value");
  const Found found = opened_.find("key");
  ASSERT_TRUE(found);
  opened_.remove("key");
  EXPECT_EQ(found.item->key(), "key");
  EXPECT_EQ(opened_.value_of(*found.item), "value");
  EXPECT_FALSE(found.item->live());
}

TEST_F(Find, PinnedBytesOutliveRemovalAndReuse) {
  for (const size_t size : {size_t{20000}, 200 * kKiB}) {
    const std::string value = pattern(size);
    opened_.set("key", value);
    const Found found = opened_.find("key");
    ASSERT_TRUE(found);
    ASSERT_TRUE(opened_.store->pin(*opened_.thread, *found.item));
    opened_.remove("key");
    opened_.thread->quiesce();
    reuse_memory();
    EXPECT_EQ(opened_.value_of(*found.item), value);
    opened_.store->unpin(*found.item);
    opened_.thread->quiesce();
  }
}

TEST_F(Find, SmallItemsAreNotPinned) {
  opened_.set("key", "value");
  EXPECT_FALSE(opened_.store->pin(*opened_.thread, *opened_.find("key").item));
}

TEST_F(Find, AQuarterOfTheMemoryCanBePinned) {
  const std::string value = pattern(100 * kKiB);
  std::vector<const Item*> pinned;
  for (size_t i = 0; i < 20; ++i) {
    const std::string key = numbered("key", i);
    ASSERT_EQ(opened_.set(key, value).outcome, Outcome::stored);
    const Found found = opened_.find(key);
    ASSERT_TRUE(found);
    if (!opened_.store->pin(*opened_.thread, *found.item)) {
      break;
    }
    pinned.push_back(found.item);
  }
  EXPECT_EQ(pinned.size(), 10U);  // 1 MiB of 4
  // The same item again costs nothing more.
  EXPECT_TRUE(opened_.store->pin(*opened_.thread, *pinned[0]));
  opened_.store->unpin(*pinned[0]);
  for (const Item* item : pinned) {
    opened_.store->unpin(*item);
  }
  opened_.thread->quiesce();
  const Found found = opened_.find("key1");
  ASSERT_TRUE(found);
  EXPECT_TRUE(opened_.store->pin(*opened_.thread, *found.item));
  opened_.store->unpin(*found.item);
}

}  // namespace
}  // namespace ember::storage
