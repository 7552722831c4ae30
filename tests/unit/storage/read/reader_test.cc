// SPDX-License-Identifier: BSD-3-Clause
// Reading (storage/read/reader.h), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class Find : public testing::Test {
 protected:
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

}  // namespace
}  // namespace ember::storage
