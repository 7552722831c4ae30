// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/page_table.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include "storage/region/dram_region.h"

namespace ember::storage {
namespace {

TEST(PageSize, IsAboutAFiveHundredthOfTheArena) {
  EXPECT_EQ(page_size_for(kMiB), kSmallestPage);
  EXPECT_EQ(page_size_for(32 * kMiB), 64 * kKiB);
  EXPECT_EQ(page_size_for(64 * kMiB), 128 * kKiB);
  EXPECT_EQ(page_size_for(100 * kMiB), 128 * kKiB);
  EXPECT_EQ(page_size_for(512 * kMiB), kMiB);
  EXPECT_EQ(page_size_for(64 * kGiB), kLargestPage);
}

class PageTableOf : public testing::TestWithParam<size_t> {
 protected:
  static constexpr size_t kPages = 4;

  size_t page_size() const { return GetParam(); }
  PageHeader header(uint32_t page) const {
    return load_unaligned<PageHeader>(region_->bytes().data() + page * page_size());
  }

  std::unique_ptr<MemoryRegion> region_ = *open_dram_region({.size = kPages * GetParam()});
  SizeClasses classes_{1.08, 48, page_payload(GetParam())};
  PageTable table_{region_->bytes(), GetParam(), classes_};
};

TEST_P(PageTableOf, AssignsFromTheLowestAndTakesBack) {
  EXPECT_EQ(table_.count(), kPages);
  EXPECT_EQ(table_.page_size(), page_size());
  for (uint32_t number = 0; number < kPages; ++number) {
    EXPECT_TRUE(table_.any_free());
    const auto assigned = table_.assign(3, false);
    ASSERT_TRUE(assigned);
    EXPECT_EQ(assigned->page, number);
    EXPECT_EQ(assigned->wanted_by, 0);
    EXPECT_EQ(table_.class_of(number * page_size() + 100), 3);
    EXPECT_EQ(table_.page(number).free, classes_.chunks_per_page(3));
    EXPECT_EQ(table_.page(number).states->count(), classes_.chunks_per_page(3));
  }
  EXPECT_FALSE(table_.any_free());
  EXPECT_FALSE(table_.assign(3, true));
  const size_t bytes = table_.bytes();
  table_.release(2);
  EXPECT_EQ(table_.bytes(), bytes - classes_.chunks_per_page(3));
  EXPECT_EQ(table_.free_count(), 1U);
  EXPECT_EQ(table_.class_of(2 * page_size()), 0);
  const auto again = table_.assign(5, false);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->page, 2U);
  EXPECT_EQ(table_.class_of(2 * page_size()), 5);
}

TEST_P(PageTableOf, APageEmptiedForAClassWaitsForIt) {
  for (size_t i = 0; i < kPages; ++i) {
    ASSERT_TRUE(table_.assign(1, false));
  }
  table_.page(1).wanted_by = 7;
  table_.release(1);
  EXPECT_FALSE(table_.any_free());
  EXPECT_FALSE(table_.assign(2, false));
  const auto assigned = table_.assign(7, false);
  ASSERT_TRUE(assigned);
  EXPECT_EQ(assigned->page, 1U);
  EXPECT_EQ(assigned->wanted_by, 7);
  EXPECT_EQ(table_.page(1).wanted_by, 0);
  table_.page(1).wanted_by = 7;
  table_.release(1);
  const auto taken = table_.assign(2, true);  // by whoever comes
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->wanted_by, 7);
}

TEST_P(PageTableOf, APageDescribesItselfByItsHeader) {
  ASSERT_TRUE(table_.assign(1, false));
  ASSERT_TRUE(table_.assign(4, false));
  for (const uint32_t generation : {1U, 2U}) {
    const PageHeader found = header(1);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(&found.magic), 8), "EmbPag01");
    EXPECT_EQ(found.page, 1U);
    EXPECT_EQ(found.generation, generation);
    EXPECT_EQ(found.class_id, 4U);
    EXPECT_EQ(found.chunk_size, classes_.chunk_size(4));
    EXPECT_EQ(found.checksum, XXH3_64bits(&found, offsetof(PageHeader, checksum)));
    table_.release(1);
    EXPECT_NE(header(1).magic, PageHeader::kMagic);
    ASSERT_TRUE(table_.assign(4, false));
  }
}

TEST_P(PageTableOf, KnowsEveryChunksPlace) {
  ASSERT_TRUE(table_.assign(1, false));  // so that the next is not page 0
  for (size_t i = 1; i <= classes_.count(); ++i) {
    const auto id = static_cast<uint8_t>(i);
    const uint32_t size = classes_.chunk_size(id);
    const auto assigned = table_.assign(id, false);
    ASSERT_TRUE(assigned);
    size_t wrong = 0;
    for (uint32_t index = 0; index < classes_.chunks_per_page(id); ++index) {
      const uint64_t offset = table_.offset_at({assigned->page, index}, size);
      const ChunkPlace place = table_.place_of(offset);
      const bool inside = offset + size <= (assigned->page + 1) * page_size();
      const bool right = place.page == assigned->page && place.index == index && inside &&
                         offset % 8 == 0 && table_.offset_of(table_.at(offset)) == offset;
      wrong += right ? 0U : 1U;
    }
    EXPECT_EQ(wrong, 0U) << "class " << i;
    const PageInfo& page = table_.page(assigned->page);
    EXPECT_EQ(page.pins != nullptr, size >= PageTable::kLargeChunk);
    EXPECT_EQ(page.owners != nullptr, size >= PageTable::kLargeChunk);
    table_.release(assigned->page);
  }
}

TEST_P(PageTableOf, StatesAreFoundByOffset) {
  ASSERT_TRUE(table_.assign(2, false));
  const uint64_t offset = table_.offset_at({0, 5}, classes_.chunk_size(2));
  table_.set_state(offset, chunk_state::kBusy);
  EXPECT_EQ(table_.page(0).states->get(5), chunk_state::kBusy);
  EXPECT_EQ(table_.exchange_state(offset, chunk_state::kMain), chunk_state::kBusy);
  EXPECT_EQ(table_.state(offset), chunk_state::kMain);
}

INSTANTIATE_TEST_SUITE_P(PageSizes, PageTableOf,
                         testing::Values(kSmallestPage, 256 * kKiB, kLargestPage));

TEST(PageInfo, RemembersTheEarliestExpiry) {
  PageInfo page;
  page.expires_at(0);  // never
  EXPECT_EQ(page.earliest_expiry.load(), PageInfo::kNever);
  page.expires_at(500);
  page.expires_at(700);
  EXPECT_EQ(page.earliest_expiry.load(), 500U);
  page.expires_at(300);
  EXPECT_EQ(page.earliest_expiry.load(), 300U);
}

}  // namespace
}  // namespace ember::storage
