// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/slab_classes.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "storage/region/dram_region.h"

namespace ember::storage {
namespace {

class ClassesOfPages : public testing::Test {
 protected:
  static constexpr size_t kPages = 3;

  bool claim(uint8_t id, bool any = false) {
    SlabClass& size_class = slabs_[id];
    const MutexLock lock(size_class.mutex);
    return slabs_.claim_page(size_class, any);
  }
  uint64_t take(uint8_t id) {
    SlabClass& size_class = slabs_[id];
    const MutexLock lock(size_class.mutex);
    return size_class.take();
  }
  size_t free_chunks(uint8_t id) {
    SlabClass& size_class = slabs_[id];
    const MutexLock lock(size_class.mutex);
    return size_class.free_chunks();
  }
  bool drain(uint8_t id, uint32_t page, uint8_t for_class) {
    SlabClass& size_class = slabs_[id];
    const MutexLock lock(size_class.mutex);
    return slabs_.start_drain(size_class, page, for_class);
  }

  std::unique_ptr<MemoryRegion> region_ = *open_dram_region({.size = kPages * kSmallestPage});
  SizeClasses classes_{1.25, 48, page_payload(kSmallestPage)};
  PageTable pages_{region_->bytes(), kSmallestPage, classes_};
  SlabClasses slabs_{pages_, classes_};
};

TEST_F(ClassesOfPages, ThereIsOneForEachChunkSizeAndOneWithout) {
  EXPECT_EQ(slabs_.size(), classes_.count() + 1);
  for (size_t id = 0; id < slabs_.size(); ++id) {
    EXPECT_EQ(slabs_[id].id(), id);
  }
}

TEST_F(ClassesOfPages, EachChunkGoesBackToItsOwnClass) {
  ASSERT_TRUE(claim(3) && claim(5));
  const size_t free_of_3 = free_chunks(3);
  const size_t free_of_5 = free_chunks(5);
  const std::vector<uint64_t> chunks{take(3), take(3), take(5), take(3)};
  EXPECT_EQ(&slabs_.of(chunks[2]), &slabs_[5]);
  EXPECT_EQ(free_chunks(3), free_of_3 - 3);
  slabs_.give_all(chunks);
  EXPECT_EQ(free_chunks(3), free_of_3);
  EXPECT_EQ(free_chunks(5), free_of_5);
}

TEST_F(ClassesOfPages, ARetiredChunkThatIsGivenIsNoLongerCounted) {
  ASSERT_TRUE(claim(3));
  const uint64_t chunk = take(3);
  slabs_[3].note_retired();
  pages_.set_state(chunk, chunk_state::kRetired);
  EXPECT_EQ(slabs_[3].retired_chunks(), 1U);
  slabs_.give(chunk);
  EXPECT_EQ(slabs_[3].retired_chunks(), 0U);
}

TEST_F(ClassesOfPages, AnEmptyPageLeavesAtOnce) {
  ASSERT_TRUE(claim(3));
  const uint64_t chunk = take(3);
  const uint32_t page = pages_.page_of(chunk);
  slabs_.give(chunk);
  EXPECT_TRUE(drain(3, page, 0));
  EXPECT_FALSE(slabs_.draining());
  EXPECT_FALSE(slabs_[3].has_pages());
  EXPECT_EQ(pages_.free_count(), kPages);
}

TEST_F(ClassesOfPages, APageLeavesWithItsLastChunkForTheClassThatWaits) {
  ASSERT_TRUE(claim(3) && claim(3) && claim(3));
  const uint64_t chunk = take(3);
  EXPECT_FALSE(drain(3, pages_.page_of(chunk), 5));
  EXPECT_TRUE(slabs_.draining());
  EXPECT_EQ(slabs_[5].pages_coming, 1);
  EXPECT_FALSE(claim(5));
  slabs_.give(chunk);
  EXPECT_FALSE(slabs_.draining());
  EXPECT_FALSE(claim(7)) << "it is for another class";
  EXPECT_TRUE(claim(5));
  EXPECT_EQ(slabs_[5].pages_coming, 0);
}

TEST_F(ClassesOfPages, APageThatNobodyFetchesIsTakenByWhoAsksForAny) {
  ASSERT_TRUE(claim(3) && claim(3) && claim(3));
  const uint64_t chunk = take(3);
  EXPECT_FALSE(drain(3, pages_.page_of(chunk), 5));
  slabs_.give(chunk);
  EXPECT_TRUE(claim(7, true));
  EXPECT_EQ(slabs_[5].pages_coming, 0);
}

TEST_F(ClassesOfPages, AnewThereAreNoPages) {
  ASSERT_TRUE(claim(3));
  slabs_.start_over();
  EXPECT_FALSE(slabs_[3].has_pages());
}

}  // namespace
}  // namespace ember::storage
