// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/page_layout.h"

#include <gtest/gtest.h>

namespace ember::storage {
namespace {

TEST(PageLayout, HasPowersOfTwoBetweenItsBounds) {
  for (size_t size = kSmallestPage; size <= kLargestPage; size *= 2) {
    EXPECT_TRUE(is_page_size(size)) << size;
    EXPECT_FALSE(is_page_size(size + 8)) << size;
  }
  EXPECT_FALSE(is_page_size(0));
  EXPECT_FALSE(is_page_size(kSmallestPage / 2));
  EXPECT_FALSE(is_page_size(kLargestPage * 2));
}

TEST(PageLayout, PutsChunksBehindTheHeader) {
  EXPECT_EQ(page_payload(kSmallestPage), kSmallestPage - 64);
  EXPECT_EQ(first_chunk(0, kSmallestPage), 64U);
  EXPECT_EQ(first_chunk(3, kSmallestPage), 3 * kSmallestPage + 64);
  EXPECT_EQ(chunks_in_page(kSmallestPage, kSmallestPage - 64), 1U);
  EXPECT_EQ(chunks_in_page(kSmallestPage, kSmallestPage), 0U);
  EXPECT_EQ(left_in_page(0, kSmallestPage), kSmallestPage);
  EXPECT_EQ(left_in_page(2 * kSmallestPage - 8, kSmallestPage), 8U);
}

class SealedHeader : public testing::Test {
 protected:
  static PageHeader make() {
    PageHeader header{};
    header.page = 7;
    header.generation = 2;
    header.chunk_size = 48;
    header.class_id = 1;
    header.file_id = 99;
    header.seal();
    return header;
  }
};

TEST_F(SealedHeader, IsBelievedForItsPageOfItsFileOnly) {
  const PageHeader header = make();
  EXPECT_TRUE(header.intact(7, 99));
  EXPECT_FALSE(header.intact(8, 99));
  EXPECT_FALSE(header.intact(7, 98));
}

TEST_F(SealedHeader, IsNotBelievedWithAnyBitFlippedBeforeTheReservedBytes) {
  for (size_t bit = 0; bit < offsetof(PageHeader, reserved) * 8; ++bit) {
    PageHeader header = make();
    auto* const bytes = reinterpret_cast<unsigned char*>(&header);
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ 1U << bit % 8);
    EXPECT_FALSE(header.intact(7, 99)) << bit;
  }
}

}  // namespace
}  // namespace ember::storage
