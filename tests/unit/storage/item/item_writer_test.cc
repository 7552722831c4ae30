// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/item_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace ember::storage {
namespace {

const ItemPlan kPlan{
    .key = "key", .hash = 0x1234567890abcdef, .client_flags = 5, .exptime = 60, .value_size = 9};

class ItemWriterOnAChunk : public testing::Test {
 protected:
  Item* prepare(const ItemPlan& plan = kPlan) { return ItemWriter::prepare(chunk_.data(), plan); }
  alignas(8) std::array<char, 256> chunk_{};
};

TEST(ItemWriter, CountsHeaderSequenceKeyAndValueOrTable) {
  EXPECT_EQ(ItemWriter::size_of(kPlan, 0), 24U + 3 + 9);
  ItemPlan plan = kPlan;
  plan.sequenced = true;
  EXPECT_EQ(ItemWriter::size_of(plan, 0), 24U + 8 + 3 + 9);
  plan.chained = true;
  EXPECT_EQ(ItemWriter::size_of(plan, 4), 24U + 8 + 3 + 4 * 8);
}

TEST_F(ItemWriterOnAChunk, ChecksumDependsOnEveryField) {
  std::set<uint32_t> sums;
  const auto add = [&](auto&& change) {
    ItemPlan plan = kPlan;
    ItemWriter::Commit commit{.cas = 1, .sequence = 7, .offset = 64, .salt = 3, .part_size = 4};
    change(plan, commit);
    sums.insert(ItemWriter::complete(prepare(plan), plan, commit) >> 11);
  };
  using Plan = ItemPlan;
  using Commit = ItemWriter::Commit;
  add([](Plan&, Commit&) {});
  add([](Plan& plan, Commit&) { plan.hash ^= 1; });
  add([](Plan& plan, Commit&) { plan.client_flags = 6; });
  add([](Plan& plan, Commit&) { plan.value_size = 10; });
  add([](Plan& plan, Commit&) { plan.key = "keys"; });
  add([](Plan& plan, Commit&) { plan.chained = true; });
  add([](Plan& plan, Commit&) { plan.sequenced = true; });
  add([](Plan&, Commit& commit) { commit.cas = 2; });
  add([](Plan&, Commit& commit) { commit.offset = 128; });
  add([](Plan&, Commit& commit) { commit.salt = 4; });
  add([](Plan& plan, Commit& commit) {
    plan.sequenced = true;
    commit.sequence = 8;
  });
  EXPECT_EQ(sums.size(), 11U);
}

TEST_F(ItemWriterOnAChunk, ChecksumOfAChainedItemCoversItsTable) {
  ItemPlan plan = kPlan;
  plan.chained = true;
  const ItemWriter::Commit commit{.cas = 1, .offset = 64, .part_size = 4};
  Item* item = prepare(plan);
  const uint32_t before = ItemWriter::complete(item, plan, commit);
  ItemWriter::body(item, plan)[23] ^= 1;  // of 3 offsets, 24 bytes
  EXPECT_NE(ItemWriter::complete(item, plan, commit), before);
  ItemWriter::body(item, plan)[23] ^= 1;
  ItemWriter::body(item, plan)[24] ^= 1;
  EXPECT_EQ(ItemWriter::complete(item, plan, commit), before);
}

TEST_F(ItemWriterOnAChunk, ChecksumLeavesOutWhatChangesInPlace) {
  ItemPlan plan = kPlan;
  const uint32_t before = ItemWriter::complete(prepare(plan), plan, {.cas = 1});
  plan.exptime = 61;
  EXPECT_EQ(ItemWriter::complete(prepare(plan), plan, {.cas = 1, .won = true, .stale = true}),
            before);
}

TEST_F(ItemWriterOnAChunk, APreparedChunkIsNoItemUntilItIsSealed) {
  Item* item = prepare();
  EXPECT_FALSE(item->live());
  EXPECT_FALSE(item->has_key("key"));
  EXPECT_EQ(ItemWriter::body(item, kPlan), chunk_.data() + 27);
  ItemWriter::seal(item, kPlan, {.cas = 8, .offset = 64});
  EXPECT_TRUE(item->live());
  EXPECT_TRUE(item->has_key("key"));
  EXPECT_EQ(item->body(), ItemWriter::body(item, kPlan));
}

TEST_F(ItemWriterOnAChunk, TheSealHoldsTheChecksum) {
  Item* item = prepare();
  const ItemWriter::Commit commit{.cas = 8, .offset = 64};
  ItemWriter::seal(item, kPlan, commit);
  EXPECT_EQ(load_unaligned<uint32_t>(chunk_.data() + 20), item->seal());
  EXPECT_EQ(item->checksum(), ItemWriter::checksum(*item, kPlan.hash, item->seal(), commit));
}

TEST_F(ItemWriterOnAChunk, AnEndedItemStaysReadable) {
  Item* item = prepare();
  ItemWriter::seal(item, kPlan, {.cas = 8});
  ItemWriter::end(item);
  EXPECT_FALSE(item->live());
  EXPECT_EQ(item->key(), "key");
  EXPECT_EQ(item->cas(), 8U);
  EXPECT_EQ(item->value_size(), 9U);
  ItemWriter::end(item);  // once more changes nothing
  EXPECT_FALSE(item->live());
}

TEST_F(ItemWriterOnAChunk, MarksLeaveTheSizeAlone) {
  ItemPlan plan = kPlan;
  plan.value_size = Item::kMaxValueSize;
  Item* item = prepare(plan);
  for (const bool won : {false, true}) {
    for (const bool stale : {false, true}) {
      ItemWriter::seal(item, plan, {.won = won, .stale = stale});
      EXPECT_EQ(item->won(), won);
      EXPECT_EQ(item->stale(), stale);
      EXPECT_EQ(item->value_size(), Item::kMaxValueSize);
      ItemWriter::set_marks(item, !won, !stale);
      EXPECT_EQ(item->won(), !won);
      EXPECT_EQ(item->stale(), !stale);
      EXPECT_EQ(item->value_size(), Item::kMaxValueSize);
    }
  }
}

TEST_F(ItemWriterOnAChunk, TheExpiryChangesInPlace) {
  Item* item = prepare();
  ItemWriter::seal(item, kPlan, {});
  ItemWriter::set_exptime(item, 0);
  EXPECT_EQ(item->exptime(), 0U);
  EXPECT_TRUE(item->live());
}

TEST_F(ItemWriterOnAChunk, OneOfManyWins) {
  Item* item = prepare();
  ItemWriter::seal(item, kPlan, {.stale = true});
  std::atomic<int> winners{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { winners += ItemWriter::win(item) ? 1 : 0; });
    }
  }
  EXPECT_EQ(winners.load(), 1);
  EXPECT_TRUE(item->won());
  EXPECT_TRUE(item->stale());
  EXPECT_FALSE(ItemWriter::win(item));
}

}  // namespace
}  // namespace ember::storage
