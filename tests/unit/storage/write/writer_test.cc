// SPDX-License-Identifier: BSD-3-Clause
// The rules of writes, and removal (storage/write/writer.h), seen through the store.
#include <optional>
#include <string>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class StoreWrites : public testing::Test {
 protected:
  static WriteRule rule(WriteRule::Mode mode) {
    WriteRule rule;
    rule.mode = mode;
    return rule;
  }
  static WriteRule if_cas(uint64_t cas) {
    WriteRule rule;
    rule.cas_compare = cas;
    return rule;
  }

  OpenedStore opened_{{.memory_limit = 8 * kMiB}};
};

TEST_F(StoreWrites, SetKeepsAllThatWasGiven) {
  const UnixSeconds later = opened_.clock.now() + 100;
  const Written written =
      opened_.write({.key = "key", .client_flags = 77, .exptime = later}, "value", {});
  EXPECT_EQ(written.outcome, Outcome::stored);
  const Found found = opened_.find("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found.item->client_flags(), 77U);
  EXPECT_EQ(found.item->exptime(), later);
  EXPECT_EQ(found.item->cas(), written.cas);
  EXPECT_EQ(opened_.value_of(*found.item), "value");
  EXPECT_EQ(opened_.store->class_of(*found.item), written.class_id);
  EXPECT_GT(opened_.set("key", "other").cas, written.cas);
  EXPECT_EQ(opened_.get("key"), "other");
  EXPECT_EQ(opened_.get("kez"), std::nullopt);
}

TEST_F(StoreWrites, AddAndReplaceLookAtWhatIsThere) {
  const WriteRule add = rule(WriteRule::Mode::add);
  const WriteRule replace = rule(WriteRule::Mode::replace);
  EXPECT_EQ(opened_.set("key", "1", 0, replace).outcome, Outcome::not_stored);
  EXPECT_EQ(opened_.set("key", "2", 0, add).outcome, Outcome::stored);
  EXPECT_EQ(opened_.set("key", "3", 0, add).outcome, Outcome::not_stored);
  EXPECT_EQ(opened_.get("key"), "2");
  EXPECT_EQ(opened_.set("key", "4", opened_.clock.now() + 5, replace).outcome, Outcome::stored);
  opened_.clock.advance(5);  // what has expired is not there
  EXPECT_EQ(opened_.set("key", "5", 0, replace).outcome, Outcome::not_stored);
  EXPECT_EQ(opened_.set("key", "6", 0, add).outcome, Outcome::stored);
}

TEST_F(StoreWrites, CasMustMatch) {
  EXPECT_EQ(opened_.set("key", "0", 0, if_cas(1)).outcome, Outcome::not_found);
  const uint64_t cas = opened_.set("key", "1").cas;
  EXPECT_EQ(opened_.set("key", "2", 0, if_cas(cas + 1)).outcome, Outcome::exists);
  EXPECT_EQ(opened_.get("key"), "1");
  EXPECT_EQ(opened_.set("key", "2", 0, if_cas(cas)).outcome, Outcome::stored);
  EXPECT_EQ(opened_.set("key", "3", 0, if_cas(cas)).outcome, Outcome::exists);
  EXPECT_EQ(opened_.get("key"), "2");
}

TEST_F(StoreWrites, AnOlderCasMayBeAcceptedAndMakesTheItemStale) {
  const uint64_t older = opened_.set("key", "1").cas;
  const uint64_t newer = opened_.set("key", "2").cas;
  WriteRule rule = if_cas(newer + 100);
  rule.accept_older = true;
  EXPECT_EQ(opened_.set("key", "3", 0, rule).outcome, Outcome::exists);
  rule.cas_compare = older;
  EXPECT_EQ(opened_.set("key", "3", 0, rule).outcome, Outcome::stored);
  EXPECT_TRUE(opened_.find("key").item->stale());
  EXPECT_EQ(opened_.get("key"), "3");
}

TEST_F(StoreWrites, TheClientMayChooseTheCas) {
  WriteRule rule;
  rule.cas_new = 123456789;
  EXPECT_EQ(opened_.set("key", "value", 0, rule).cas, 123456789U);
  const Found found = opened_.find("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found.item->cas(), 123456789U);
  EXPECT_LT(found.item->sequence(), 123456789U);
  EXPECT_EQ(opened_.get("key"), "value");
}

TEST_F(StoreWrites, RemovesOnceAndOnlyWhatMatches) {
  EXPECT_EQ(opened_.remove("key"), Outcome::not_found);
  const Written written = opened_.set("key", "value");
  EXPECT_EQ(opened_.remove("key", written.cas + 1), Outcome::exists);
  EXPECT_TRUE(opened_.has("key"));
  EXPECT_EQ(opened_.remove("key", written.cas), Outcome::stored);
  EXPECT_FALSE(opened_.has("key"));
  EXPECT_EQ(opened_.remove("key"), Outcome::not_found);
  opened_.set("key", "value", opened_.clock.now() + 1);
  opened_.clock.advance(1);
  EXPECT_EQ(opened_.remove("key"), Outcome::not_found);
}

TEST_F(StoreWrites, LongKeysAndEmptyValuesAreItemsLikeOthers) {
  const std::string key(250, 'k');
  EXPECT_EQ(opened_.set(key, "").outcome, Outcome::stored);
  EXPECT_EQ(opened_.get(key), "");
  EXPECT_EQ(opened_.get(key.substr(1)), std::nullopt);
}

}  // namespace
}  // namespace ember::storage
