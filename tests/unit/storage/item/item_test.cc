// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/item.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "storage/item/item_writer.h"

namespace ember::storage {
namespace {

class ItemLayout : public testing::Test {
 protected:
  const Item& make(const ItemPlan& plan, const ItemWriter::Commit& commit) {
    Item* item = ItemWriter::prepare(chunk_.data(), plan);
    std::memset(ItemWriter::body(item, plan), 'v', plan.value_size);
    ItemWriter::seal(item, plan, commit);
    return *item;
  }
  uint32_t word(size_t at) const { return load_unaligned<uint32_t>(chunk_.data() + at); }

  alignas(8) std::array<char, 512> chunk_{};
};

TEST_F(ItemLayout, IsAsDrawn) {
  make({.key = "key", .client_flags = 0x01020304, .exptime = 77, .value_size = 5},
       {.cas = 0x1122334455667788});
  EXPECT_EQ(load_unaligned<uint64_t>(chunk_.data()), 0x1122334455667788U);
  EXPECT_EQ(word(8), 77U);
  EXPECT_EQ(word(12), 0x01020304U);
  EXPECT_EQ(word(16), 5U);
  EXPECT_EQ(word(20) & 0x7ff, 3U | 1U << 10);  // key size, live
  EXPECT_EQ(std::string_view(chunk_.data() + 24, 8), "keyvvvvv");
  EXPECT_EQ(chunk_[32], 0);
}

TEST_F(ItemLayout, HasTheSequenceBeforeTheKeyWhenTheClientChoseTheCas) {
  const Item& item = make({.key = "key", .value_size = 1, .sequenced = true},
                          {.cas = 99, .sequence = 0x0807060504030201});
  EXPECT_EQ(load_unaligned<uint64_t>(chunk_.data()), 99U);
  EXPECT_EQ(load_unaligned<uint64_t>(chunk_.data() + 24), 0x0807060504030201U);
  EXPECT_EQ(std::string_view(chunk_.data() + 32, 4), "keyv");
  EXPECT_EQ(word(20) & 0x7ff, 3U | 1U << 9 | 1U << 10);
  EXPECT_TRUE(item.sequenced());
  EXPECT_EQ(item.sequence(), 0x0807060504030201U);
  EXPECT_EQ(item.cas(), 99U);
  EXPECT_EQ(item.size(), 24U + 8 + 3 + 1);
}

TEST_F(ItemLayout, ReadsBackWhatWasPlanned) {
  const Item& item =
      make({.key = "some key", .client_flags = 7, .exptime = 1234, .value_size = 100}, {.cas = 42});
  EXPECT_EQ(item.key(), "some key");
  EXPECT_EQ(item.key_size(), 8U);
  EXPECT_EQ(item.client_flags(), 7U);
  EXPECT_EQ(item.exptime(), 1234U);
  EXPECT_EQ(item.value_size(), 100U);
  EXPECT_EQ(item.cas(), 42U);
  EXPECT_EQ(item.sequence(), 42U);
  EXPECT_FALSE(item.chained());
  EXPECT_FALSE(item.sequenced());
  EXPECT_TRUE(item.live());
  EXPECT_EQ(std::string_view(item.body(), 100), std::string(100, 'v'));
  EXPECT_EQ(item.size(), 24U + 8 + 100);
}

TEST_F(ItemLayout, ComparesTheWholeKey) {
  const Item& item = make({.key = "some key", .value_size = 3}, {});
  EXPECT_TRUE(item.has_key("some key"));
  EXPECT_FALSE(item.has_key("some kez"));
  EXPECT_FALSE(item.has_key("some ke"));
  EXPECT_FALSE(item.has_key("some keyv"));
  EXPECT_FALSE(item.has_key(""));
}

TEST_F(ItemLayout, HoldsTheLongestKey) {
  const std::string key(250, 'k');
  const Item& item = make({.key = key, .value_size = 2}, {});
  EXPECT_EQ(item.key(), key);
  EXPECT_TRUE(item.live());
  EXPECT_FALSE(item.chained());
}

}  // namespace
}  // namespace ember::storage
