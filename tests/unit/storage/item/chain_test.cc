// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/chain.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "storage/item/item_writer.h"

namespace ember::storage {
namespace {

constexpr size_t kPartSize = 100;

class ChainInAChunk : public testing::Test {
 protected:
  /// A published item of this many bytes, its parts at 1000, 2000, ...
  const Item& make(size_t value_size, bool chained = true, bool sequenced = false) {
    const ItemPlan plan{
        .key = "key", .value_size = value_size, .sequenced = sequenced, .chained = chained};
    Item* const item = ItemWriter::prepare(chunk_.data(), plan);
    for (size_t part = 0; part < ItemWriter::chain(item, plan, kPartSize).count(); ++part) {
      Chain::set_offset(ItemWriter::body(item, plan), part, 1000 * (part + 1));
    }
    ItemWriter::seal(item, plan, {.cas = 1, .part_size = kPartSize});
    return *item;
  }
  static std::vector<uint64_t> offsets(const Chain& chain) {
    std::vector<uint64_t> all;
    chain.for_each([&](const Chain::Part& part) { all.push_back(part.offset); });
    return all;
  }

  alignas(8) std::array<char, 256> chunk_{};
};

TEST(Chain, HasAsManyPartsAsTheValueFills) {
  EXPECT_EQ(Chain::count_for(0, kPartSize), 0U);
  EXPECT_EQ(Chain::count_for(1, kPartSize), 1U);
  EXPECT_EQ(Chain::count_for(100, kPartSize), 1U);
  EXPECT_EQ(Chain::count_for(101, kPartSize), 2U);
  EXPECT_EQ(Chain::count_for(Item::kMaxValueSize, 1), Item::kMaxValueSize);
  EXPECT_EQ(Chain::table_size(3), 24U);
}

TEST_F(ChainInAChunk, TellsWhereEachPartLiesAndItsSize) {
  const Chain chain = Chain::of(make(201), kPartSize);
  ASSERT_EQ(chain.count(), 3U);
  EXPECT_EQ(chain.offset_of(0), 1000U);
  EXPECT_EQ(chain.offset_of(2), 3000U);
  EXPECT_EQ(chain.size_of(0), 100U);
  EXPECT_EQ(chain.size_of(1), 100U);
  EXPECT_EQ(chain.size_of(2), 1U);
}

TEST_F(ChainInAChunk, FillsItsLastPartWhenTheValueDivides) {
  const Chain chain = Chain::of(make(200), kPartSize);
  EXPECT_EQ(chain.count(), 2U);
  EXPECT_EQ(chain.size_of(1), 100U);
}

TEST_F(ChainInAChunk, VisitsThePartsInOrder) {
  std::vector<Chain::Part> parts;
  Chain::of(make(250), kPartSize).for_each([&](const Chain::Part& part) { parts.push_back(part); });
  ASSERT_EQ(parts.size(), 3U);
  size_t size = 0;
  for (size_t n = 0; n < parts.size(); ++n) {
    EXPECT_EQ(parts[n].index, n);
    EXPECT_EQ(parts[n].offset, 1000 * (n + 1));
    size += parts[n].size;
  }
  EXPECT_EQ(size, 250U);
}

TEST_F(ChainInAChunk, StandsBehindSequenceAndKey) {
  EXPECT_EQ(offsets(Chain::of(make(150, true, true), kPartSize)),
            (std::vector<uint64_t>{1000, 2000}));
  EXPECT_EQ(load_unaligned<uint64_t>(chunk_.data() + 24 + 8 + 3), 1000U);
}

TEST_F(ChainInAChunk, IsEmptyUnlessTheItemIsChained) {
  EXPECT_EQ(Chain::of(make(50, false), kPartSize).count(), 0U);
  EXPECT_TRUE(offsets(Chain::of(make(50, false), kPartSize)).empty());
  const ItemPlan plan{.key = "key", .value_size = 50};
  Item* const item = ItemWriter::prepare(chunk_.data(), plan);
  EXPECT_EQ(ItemWriter::chain(item, plan, kPartSize).count(), 0U);
}

TEST_F(ChainInAChunk, HasNoPartBehindTheLast) {
  const Chain chain = Chain::of(make(250), kPartSize);
  EXPECT_EQ(offsets(chain).size(), chain.count());
  if (kDebugChecks) {
    EXPECT_DEATH(static_cast<void>(chain.offset_of(3)), "the part asked for");
    EXPECT_DEATH(static_cast<void>(chain.size_of(3)), "the part asked for");
  }
}

}  // namespace
}  // namespace ember::storage
