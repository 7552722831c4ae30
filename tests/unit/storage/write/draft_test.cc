// SPDX-License-Identifier: BSD-3-Clause
// Items being filled (storage/write/draft.h), made by a store.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

TEST(Drafts, DroppedDraftsGiveTheirChunksBack) {
  OpenedStore opened({.memory_limit = kMiB, .evict = false});
  for (int i = 0; i < 100; ++i) {
    const ItemPlan plan{.key = "key", .hash = hash_key("key"), .value_size = 200 * kKiB};
    const Draft draft = opened.store->draft(*opened.thread, plan);
    ASSERT_EQ(draft.outcome(), Outcome::stored) << i;
  }
  EXPECT_FALSE(opened.has("key"));
  EXPECT_EQ(opened.store->stats().items, 0U);
}

TEST(Drafts, ADraftIsFilledInAnySteps) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  const std::string value = pattern(150 * kKiB);
  const ItemPlan plan{.key = "key", .hash = hash_key("key"), .value_size = value.size()};
  Draft draft = opened.store->draft(*opened.thread, plan);
  ASSERT_EQ(draft.outcome(), Outcome::stored);
  size_t filled = 0;
  for (std::span<char> next = draft.next(); !next.empty(); next = draft.next()) {
    const size_t size = std::min<size_t>(next.size(), 9001);
    std::copy_n(value.data() + filled, size, next.data());
    draft.advance(size);
    filled += size;
  }
  EXPECT_EQ(filled, value.size());
  EXPECT_EQ(opened.store->publish(*opened.thread, std::move(draft), {}).outcome, Outcome::stored);
  EXPECT_EQ(opened.get("key"), value);
}

TEST(Drafts, WithoutAnItemHaveNothingToFill) {
  Draft draft(Outcome::too_large);
  EXPECT_EQ(draft.outcome(), Outcome::too_large);
  EXPECT_TRUE(draft.next().empty());
  EXPECT_EQ(Draft().outcome(), Outcome::no_memory);
}

TEST(Drafts, GiveUpTheirChunksToWhomTheyAreMovedTo) {
  OpenedStore opened({.memory_limit = kMiB});
  const ItemPlan plan{.key = "key", .hash = hash_key("key"), .value_size = 5};
  Draft draft = opened.store->draft(*opened.thread, plan);
  draft.fill("val");
  Draft other = std::move(draft);
  EXPECT_EQ(draft.item(), nullptr);
  other.fill("ue");
  EXPECT_EQ(opened.store->publish(*opened.thread, std::move(other), {}).outcome, Outcome::stored);
  EXPECT_EQ(opened.get("key"), "value");
}

}  // namespace
}  // namespace ember::storage
