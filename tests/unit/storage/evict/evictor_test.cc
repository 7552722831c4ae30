// SPDX-License-Identifier: BSD-3-Clause
// Who leaves when memory is short (storage/evict/evictor.h), seen through the store.
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

constexpr size_t kTight = 2 * kMiB;

/// Of one size, whatever the number: all items are of one class.
std::string key_of(std::string_view prefix, size_t number) {
  std::string key = numbered(prefix, number);
  key.resize(16, '.');
  return key;
}

class EvictorTest : public testing::Test {
 protected:
  void write_all(std::string_view prefix, size_t count, UnixSeconds exptime = 0) {
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(opened_.set(key_of(prefix, i), value_, exptime).outcome, Outcome::stored);
      opened_.thread->quiesce();
    }
  }
  void read_all(std::string_view prefix, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(opened_.read(key_of(prefix, i))) << i;
    }
  }
  size_t present(std::string_view prefix, size_t count) {
    size_t there = 0;
    for (size_t i = 0; i < count; ++i) {
      there += opened_.has(key_of(prefix, i)) ? 1U : 0U;
    }
    return there;
  }

  OpenedStore opened_{{.memory_limit = kTight}};
  const std::string value_ = pattern(400);
  const size_t fill_ = kTight / 500;  // items that fit for sure
};

TEST_F(EvictorTest, LeavesAllInPlaceWhileThereIsRoom) {
  write_all("key", fill_);
  EXPECT_EQ(present("key", fill_), fill_);
  EXPECT_EQ(opened_.sum().evicted, 0U);
}

TEST_F(EvictorTest, KeepsWhatWasReadBeforeWhatWasNot) {
  write_all("read", 300);
  write_all("unread", 300);
  read_all("read", 300);
  write_all("more", 2 * fill_);
  EXPECT_EQ(present("read", 300), 300U);
  EXPECT_LT(present("unread", 300), 100U);
  EXPECT_GE(opened_.sum().moves_to_main, 300U);
  const ClassStats sum = opened_.sum();
  EXPECT_EQ(sum.items + sum.evicted, 600 + 2 * fill_);
}

TEST_F(EvictorTest, AScanOfThriceTheMemoryDoesNotPushOutTheHotSet) {
  const size_t hot = fill_ / 2;
  write_all("hot", hot);
  read_all("hot", hot);
  read_all("hot", hot);
  write_all("scan", 3 * kTight / 450);
  EXPECT_EQ(present("hot", hot), hot);
}

TEST_F(EvictorTest, PeekingKeepsNothing) {
  write_all("peeked", 300);
  EXPECT_EQ(present("peeked", 300), 300U);
  write_all("more", 2 * fill_);
  EXPECT_LT(present("peeked", 300), 100U);
}

TEST_F(EvictorTest, ExpiredItemsGoBeforeLiveOnes) {
  const size_t half = fill_ / 2;
  write_all("live", half);
  write_all("short", half, opened_.clock.now() + 10);
  opened_.clock.advance(11);
  write_all("new", half);
  EXPECT_EQ(present("live", half), half);
  EXPECT_EQ(present("new", half), half);
  EXPECT_EQ(present("short", half), 0U);
  const ClassStats sum = opened_.sum();
  EXPECT_EQ(sum.evicted, 0U);
  EXPECT_GT(sum.reclaimed, 0U);
  EXPECT_EQ(sum.expired_unfetched, sum.reclaimed);
}

TEST_F(EvictorTest, AKeyThatComesBackSoonIsKept) {
  write_all("read", fill_ / 2);
  read_all("read", fill_ / 2);
  write_all("more", 2 * fill_);
  // Evicted unread a moment ago: remembered by the ghost queue.
  size_t back = 0;
  std::string key;
  for (size_t i = 2 * fill_; i-- > 0 && back == 0;) {
    key = key_of("more", i);
    back = opened_.has(key) ? 0 : 1;
  }
  ASSERT_EQ(back, 1U) << "nothing was evicted";
  ASSERT_EQ(opened_.set(key, value_).outcome, Outcome::stored);
  write_all("rest", fill_);
  EXPECT_TRUE(opened_.has(key));
}

}  // namespace
}  // namespace ember::storage
