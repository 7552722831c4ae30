// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace ember::storage {
namespace {

struct alignas(8) Chunk {
  std::array<char, 256> bytes{};
};

const ItemPlan kPlan{
    .key = "key", .hash = 0x1234567890abcdef, .client_flags = 5, .exptime = 60, .value_size = 9};

class ItemWriterOnAChunk : public testing::Test {
 protected:
  Item* prepare(const ItemPlan& plan = kPlan) {
    return ItemWriter::prepare(chunk_.bytes.data(), plan);
  }
  Chunk chunk_;
};

TEST(ItemWriter, CountsHeaderSequenceKeyAndValueOrTable) {
  EXPECT_EQ(ItemWriter::size_of(kPlan, 0), 24U + 3 + 9);
  ItemPlan plan = kPlan;
  plan.sequenced = true;
  EXPECT_EQ(ItemWriter::size_of(plan, 0), 24U + 8 + 3 + 9);
  plan.chained = true;
  EXPECT_EQ(ItemWriter::size_of(plan, 4), 24U + 8 + 3 + 4 * 8);
}

TEST(ItemWriter, ChecksumDependsOnEveryField) {
  std::set<uint32_t> sums;
  const auto add = [&](auto&& change) {
    ItemPlan plan = kPlan;
    uint64_t cas = 1;
    uint64_t offset = 64;
    change(plan, cas, offset);
    const uint32_t sum = ItemWriter::checksum(plan, cas, offset);
    EXPECT_LT(sum, uint32_t{1} << 21);
    sums.insert(sum);
  };
  add([](ItemPlan&, uint64_t&, uint64_t&) {});
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.hash ^= 1; });
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.client_flags = 6; });
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.value_size = 10; });
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.key = "keys"; });
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.chained = true; });
  add([](ItemPlan& plan, uint64_t&, uint64_t&) { plan.sequenced = true; });
  add([](ItemPlan&, uint64_t& cas, uint64_t&) { cas = 2; });
  add([](ItemPlan&, uint64_t&, uint64_t& offset) { offset = 128; });
  EXPECT_EQ(sums.size(), 9U);
}

TEST(ItemWriter, ChecksumLeavesOutWhatChangesInPlace) {
  ItemPlan plan = kPlan;
  plan.exptime = 61;
  EXPECT_EQ(ItemWriter::checksum(plan, 1, 64), ItemWriter::checksum(kPlan, 1, 64));
}

TEST_F(ItemWriterOnAChunk, APreparedChunkIsNoItemUntilItIsSealed) {
  Item* item = prepare();
  EXPECT_FALSE(item->live());
  EXPECT_FALSE(item->has_key("key"));
  EXPECT_EQ(ItemWriter::body(item, kPlan), chunk_.bytes.data() + 27);
  ItemWriter::seal(item, kPlan, {.cas = 8, .offset = 64});
  EXPECT_TRUE(item->live());
  EXPECT_TRUE(item->has_key("key"));
  EXPECT_EQ(item->body(), ItemWriter::body(item, kPlan));
}

TEST_F(ItemWriterOnAChunk, TheSealHoldsTheChecksum) {
  ItemPlan plan = kPlan;
  plan.chained = true;
  Item* item = prepare(plan);
  ItemWriter::seal(item, plan, {.cas = 8, .offset = 64});
  EXPECT_TRUE(item->chained());
  EXPECT_EQ(load<uint32_t>(chunk_.bytes.data() + 20) >> 11, ItemWriter::checksum(plan, 8, 64));
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
