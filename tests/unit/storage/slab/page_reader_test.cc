// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/page_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/item/item_writer.h"
#include "tests/unit/storage/persistent_region.h"

namespace ember::storage {
namespace {

constexpr size_t kPageSize = 64 * kKiB;
constexpr size_t kPages = 3;
constexpr size_t kPieceSize = 1000;

/// Chunk sizes that are read whole, in pieces, and by their heads.
struct Case {
  PersistentRegion::Media media;
  uint32_t chunk_size;
};

class PageReaderOf : public testing::TestWithParam<Case> {
 protected:
  static constexpr uint32_t kPage = kPages - 1;  // nothing comes behind it

  uint32_t chunk_size() const { return GetParam().chunk_size; }
  uint32_t count() const { return static_cast<uint32_t>(page_payload(kPageSize) / chunk_size()); }
  uint64_t offset_of(uint32_t index) const {
    return kPage * kPageSize + sizeof(PageHeader) + uint64_t{index} * chunk_size();
  }
  /// An item as the store makes one; its key has `key_size` bytes.
  void put(uint32_t index, size_t key_size, bool chained) {
    const std::string key(key_size, static_cast<char>('a' + index % 26));
    const ItemPlan plan{.key = key,
                        .hash = hash_key(key),
                        .value_size = chained ? 2 * kPieceSize : 3,
                        .chained = chained};
    Item* item = ItemWriter::prepare(region_.whole().data() + offset_of(index), plan);
    ItemWriter::seal(item, plan,
                     {.cas = index + 1, .offset = offset_of(index), .part_size = kPieceSize});
  }
  ItemCheck::Verdict verdict(uint32_t index, const Item& item) const {
    return check_item(item,
                      {.offset = offset_of(index), .size = chunk_size(), .part_size = kPieceSize})
        .verdict;
  }

  PersistentRegion region_{kPages * kPageSize, GetParam().media};
  PageReader reader_{region_, kPageSize};
};

TEST_P(PageReaderOf, ShowsEveryChunkInOrder) {
  const bool room_for_parts = chunk_size() >= 24 + 10 + 16;
  for (uint32_t index = 0; index < count(); ++index) {
    put(index, 1 + index % 10, room_for_parts && index % 3 == 0);
  }
  uint32_t next = 0;
  reader_.read(kPage, chunk_size(), count(), [&](uint32_t index, const Item& item) {
    ASSERT_EQ(index, next);
    ++next;
    EXPECT_EQ(verdict(index, item), ItemCheck::intact) << index;
    EXPECT_EQ(item.cas(), index + 1);
    EXPECT_EQ(item.key(), std::string(1 + index % 10, static_cast<char>('a' + index % 26)));
  });
  EXPECT_EQ(next, count());
}

TEST_P(PageReaderOf, ShowsWhatIsDamagedAsItIs) {
  put(0, 4, false);
  region_.flip(offset_of(0) + Item::kHeaderSize);
  size_t damaged = 0;
  reader_.read(kPage, chunk_size(), count(), [&](uint32_t index, const Item& item) {
    damaged += verdict(index, item) == ItemCheck::damaged ? 1U : 0U;
  });
  EXPECT_EQ(damaged, 1U);
}

TEST_P(PageReaderOf, ShowsOneItemsKey) {
  ItemHead room;
  const size_t longest = std::min<size_t>(kMostKeyBytes, chunk_size() - Item::kHeaderSize - 3);
  for (const uint32_t index : {0U, count() - 1}) {
    put(index, longest, false);
    EXPECT_TRUE(item_head(region_, kPageSize, offset_of(index), room)
                    .has_key(std::string(longest, static_cast<char>('a' + index % 26))));
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto media : {PersistentRegion::page_cache, PersistentRegion::persistent_memory}) {
    for (const uint32_t size : {48U, 144U, 1000U, 4096U, 4104U, 30'000U}) {
      all.push_back({media, size});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Media, PageReaderOf, testing::ValuesIn(cases()), [](const auto& each) {
  return std::string(each.param.media == PersistentRegion::page_cache ? "copied" : "in_place") +
         std::to_string(each.param.chunk_size);
});

}  // namespace
}  // namespace ember::storage
