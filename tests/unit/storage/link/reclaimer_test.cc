// SPDX-License-Identifier: BSD-3-Clause
// When chunks may be used again (storage/link/reclaimer.h), seen through the store.
#include "storage/core/store_thread.h"
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class StoreThreads : public testing::Test {
 protected:
  void SetUp() override {
    while (full_ < 2000 && opened_.set(numbered("key", full_), value_).outcome == Outcome::stored) {
      ++full_;
    }
    ASSERT_LT(full_, 2000U);
    reader_ = opened_.store->register_thread();
  }
  /// There is no eviction: a write succeeds only in a chunk that came free.
  bool room_after_removing(size_t number) {
    EXPECT_EQ(opened_.remove(numbered("key", number)), Outcome::stored);
    opened_.thread->quiesce();
    return opened_.set("new", value_).outcome == Outcome::stored;
  }

  const std::string value_ = pattern(1000);
  OpenedStore opened_{{.memory_limit = kMiB, .evict = false}};
  std::unique_ptr<StoreThread> reader_;
  size_t full_ = 0;
};

TEST_F(StoreThreads, AChunkWaitsForAllThatMayReadIt) {
  const Found found = opened_.store->find(*reader_, "key5", hash_key("key5"), Access::peek);
  ASSERT_TRUE(found);
  EXPECT_FALSE(room_after_removing(5));
  EXPECT_EQ(found.item->key(), "key5");
  EXPECT_EQ(opened_.value_of(*found.item), value_);
  reader_->quiesce();
  opened_.thread->quiesce();
  EXPECT_EQ(opened_.set("new", value_).outcome, Outcome::stored);
}

TEST_F(StoreThreads, AChunkDoesNotWaitForThreadsThatSleep) {
  reader_->offline();
  EXPECT_TRUE(room_after_removing(5));
  reader_->online();
  EXPECT_FALSE(room_after_removing(6));
}

TEST_F(StoreThreads, AChunkDoesNotWaitForThreadsThatAreGone) {
  reader_.reset();
  EXPECT_TRUE(room_after_removing(5));
}

TEST_F(StoreThreads, WhatAThreadLeavesBehindTheBackgroundFrees) {
  EXPECT_EQ(opened_.store->remove(*reader_, "key5", hash_key("key5"), {}).outcome, Outcome::stored);
  reader_.reset();
  opened_.maintain();
  opened_.maintain();
  EXPECT_EQ(opened_.set("new", value_).outcome, Outcome::stored);
}

}  // namespace
}  // namespace ember::storage
