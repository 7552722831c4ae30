// SPDX-License-Identifier: BSD-3-Clause
// append, incr, touch, invalidate, win, flush (storage/write/modifier.h), seen through the store.
#include <limits>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class Modify : public testing::Test {
 protected:
  Written concatenate(std::string_view key, std::string_view bytes, Store::End end,
                      const WriteRule& rule = {}) {
    return opened_.store->concatenate(*opened_.thread, {key, hash_key(key)}, bytes, end, rule);
  }
  Counted count(std::string_view key, uint64_t delta, bool decrement = false) {
    ArithmeticRule rule;
    rule.delta = delta;
    rule.decrement = decrement;
    return opened_.store->arithmetic(*opened_.thread, key, hash_key(key), rule);
  }
  Found touch(std::string_view key, UnixSeconds exptime) {
    return opened_.store->touch(*opened_.thread, key, hash_key(key), exptime, Access::mark);
  }
  Written invalidate(std::string_view key, const Store::InvalidateRule& rule) {
    return opened_.store->invalidate(*opened_.thread, key, hash_key(key), rule);
  }

  OpenedStore opened_{{.memory_limit = 8 * kMiB}};
};

TEST_F(Modify, ConcatenatesAtEitherEnd) {
  EXPECT_EQ(concatenate("key", "x", Store::End::back).outcome, Outcome::not_stored);
  const UnixSeconds later = opened_.clock.now() + 50;
  opened_.write({.key = "key", .client_flags = 3, .exptime = later}, "b", {});
  EXPECT_EQ(concatenate("key", "c", Store::End::back).outcome, Outcome::stored);
  EXPECT_EQ(concatenate("key", "a", Store::End::front).outcome, Outcome::stored);
  EXPECT_EQ(opened_.get("key"), "abc");
  EXPECT_EQ(opened_.find("key").item->client_flags(), 3U);
  EXPECT_EQ(opened_.find("key").item->exptime(), later);
  WriteRule rule;
  rule.cas_compare = opened_.find("key").item->cas() + 1;
  EXPECT_EQ(concatenate("key", "d", Store::End::back, rule).outcome, Outcome::exists);
  EXPECT_EQ(opened_.get("key"), "abc");
}

TEST_F(Modify, ConcatenatesIntoAChainAndUpToTheLimit) {
  const std::string half = pattern(500 * kKiB);
  opened_.set("key", half);
  EXPECT_EQ(concatenate("key", half, Store::End::back).outcome, Outcome::stored);
  EXPECT_EQ(opened_.get("key"), half + half);
  EXPECT_EQ(concatenate("key", half, Store::End::back).outcome, Outcome::too_large);
  EXPECT_EQ(opened_.get("key"), half + half);
}

TEST_F(Modify, Counts) {
  EXPECT_EQ(count("key", 1).outcome, Outcome::not_found);
  opened_.set("key", "10");
  const Counted up = count("key", 90);
  EXPECT_EQ(up.outcome, Outcome::stored);
  EXPECT_EQ(up.value, 100U);
  EXPECT_EQ(opened_.get("key"), "100");
  EXPECT_EQ(up.item, opened_.find("key").item);
  EXPECT_EQ(count("key", 1, true).value, 99U);
  EXPECT_EQ(opened_.get("key"), "99 ");  // never shorter
  EXPECT_EQ(count("key", 1000, true).value, 0U);
  opened_.set("key", std::to_string(std::numeric_limits<uint64_t>::max()));
  EXPECT_EQ(count("key", 3).value, 2U);
  opened_.set("key", "ten");
  EXPECT_EQ(count("key", 1).outcome, Outcome::non_numeric);
  opened_.set("key", "");
  EXPECT_EQ(count("key", 1).outcome, Outcome::non_numeric);
}

TEST_F(Modify, TouchSetsTheExpiryInPlace) {
  EXPECT_FALSE(touch("key", 0));
  const uint64_t cas = opened_.set("key", "value", opened_.clock.now() + 5).cas;
  const Found found = touch("key", opened_.clock.now() + 50);
  ASSERT_TRUE(found);
  EXPECT_EQ(found.item->cas(), cas);
  opened_.clock.advance(49);
  EXPECT_TRUE(opened_.has("key"));
  EXPECT_TRUE(opened_.find("key").fetched);
  opened_.clock.advance(1);
  EXPECT_FALSE(opened_.has("key"));
  EXPECT_FALSE(touch("key", 0));  // gone is gone
}

TEST_F(Modify, InvalidateKeepsTheItemAndMarksItStale) {
  EXPECT_EQ(invalidate("key", {}).outcome, Outcome::not_found);
  const uint64_t cas = opened_.write({.key = "key", .client_flags = 4}, "value", {}).cas;
  EXPECT_EQ(invalidate("key", {.cas_compare = cas + 1}).outcome, Outcome::exists);
  const UnixSeconds later = opened_.clock.now() + 9;
  const Written written = invalidate("key", {.cas_compare = cas, .exptime = later});
  EXPECT_EQ(written.outcome, Outcome::stored);
  EXPECT_GT(written.cas, cas);
  const Item* item = opened_.find("key").item;
  ASSERT_NE(item, nullptr);
  EXPECT_TRUE(item->stale());
  EXPECT_EQ(item->exptime(), later);
  EXPECT_EQ(item->client_flags(), 4U);
  EXPECT_EQ(opened_.get("key"), "value");
  EXPECT_EQ(invalidate("key", {.cas_new = 5, .mark_stale = false, .drop_value = true}).cas, 5U);
  item = opened_.find("key").item;
  ASSERT_NE(item, nullptr);
  EXPECT_TRUE(item->stale());
  EXPECT_EQ(item->client_flags(), 0U);
  EXPECT_EQ(opened_.get("key"), "");
}

TEST_F(Modify, OneWinsAnItemOnce) {
  opened_.set("key", "value");
  const Item* item = opened_.find("key").item;
  ASSERT_NE(item, nullptr);
  EXPECT_TRUE(opened_.store->try_win(*item));
  EXPECT_FALSE(opened_.store->try_win(*item));
  EXPECT_TRUE(item->won());
  opened_.set("key", "other");
  EXPECT_FALSE(opened_.store->try_win(*item));  // not the key's item any more
  EXPECT_TRUE(opened_.store->try_win(*opened_.find("key").item));
}

TEST_F(Modify, FlushesNow) {
  opened_.set("old", "value");
  opened_.store->flush_all(*opened_.thread, 0);
  opened_.set("new", "value");
  EXPECT_FALSE(opened_.has("old"));
  EXPECT_TRUE(opened_.has("new"));
  EXPECT_EQ(count("old", 1).outcome, Outcome::not_found);
  EXPECT_FALSE(touch("old", 0));
}

TEST_F(Modify, FlushesWhatWasStoredUntilTheSecondGiven) {
  opened_.set("before", "value");
  opened_.store->flush_all(*opened_.thread, opened_.clock.now() + 10);
  opened_.set("between", "value");
  opened_.clock.advance(9);
  EXPECT_TRUE(opened_.has("before"));
  opened_.clock.advance(1);
  opened_.set("after", "value");
  EXPECT_FALSE(opened_.has("before"));
  EXPECT_FALSE(opened_.has("between"));
  EXPECT_TRUE(opened_.has("after"));
}

TEST_F(Modify, TheLastFlushAskedForWins) {
  opened_.set("key", "value");
  opened_.store->flush_all(*opened_.thread, opened_.clock.now() + 10);
  opened_.store->flush_all(*opened_.thread, opened_.clock.now() + 100);
  opened_.clock.advance(50);
  EXPECT_TRUE(opened_.has("key"));
  opened_.clock.advance(50);
  EXPECT_FALSE(opened_.has("key"));
}

}  // namespace
}  // namespace ember::storage
