// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/slab_class.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "storage/region/dram_region.h"

namespace ember::storage {
namespace {

constexpr uint8_t kId = 9;

class SlabClassOfPages : public testing::Test {
 protected:
  static constexpr size_t kPages = 3;

  void add_pages(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const MutexLock lock(slab_.mutex);
      slab_.add_page(table_.assign(kId, false)->page);
    }
  }
  std::vector<uint64_t> take(size_t count) {
    std::vector<uint64_t> taken;
    const MutexLock lock(slab_.mutex);
    for (size_t i = 0; i < count; ++i) {
      if (const uint64_t offset = slab_.take(); offset != 0) {
        taken.push_back(offset);
      }
    }
    return taken;
  }
  bool give(uint64_t offset) {
    const MutexLock lock(slab_.mutex);
    return slab_.give(offset);
  }
  size_t free_chunks() {
    const MutexLock lock(slab_.mutex);
    EXPECT_EQ(slab_.free_chunks() + slab_.used_chunks(), slab_.total_chunks());
    return slab_.free_chunks();
  }
  void queue(uint64_t offset, uint8_t state) {
    table_.set_state(offset, state);
    slab_.entered(state);
  }
  /// All the hand gives, until it has gone around.
  std::set<uint64_t> under_main_hand() {
    const MutexLock lock(slab_.mutex);
    std::array<uint64_t, 4096> out;
    const size_t count = slab_.next_main(out);
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  std::unique_ptr<MemoryRegion> region_ = *open_dram_region({.size = kPages * kSmallestPage});
  SizeClasses classes_{1.25, 48, page_payload(kSmallestPage)};
  PageTable table_{region_->bytes(), kSmallestPage, classes_};
  SlabClass slab_{kId, table_, classes_};
  const size_t per_page_ = classes_.chunks_per_page(kId);
};

TEST_F(SlabClassOfPages, WithoutPagesGivesNothing) {
  EXPECT_FALSE(slab_.has_pages());
  EXPECT_TRUE(take(1).empty());
  EXPECT_TRUE(under_main_hand().empty());
  const MutexLock lock(slab_.mutex);
  std::array<uint64_t, 4> out;
  EXPECT_EQ(slab_.next_small(out), 0U);
}

TEST_F(SlabClassOfPages, HandsOutEachChunkOnce) {
  add_pages(2);
  EXPECT_TRUE(slab_.has_pages());
  EXPECT_EQ(free_chunks(), 2 * per_page_);
  const auto taken = take(3 * per_page_);
  EXPECT_EQ(taken.size(), 2 * per_page_);
  EXPECT_EQ(std::set<uint64_t>(taken.begin(), taken.end()).size(), taken.size());
  EXPECT_EQ(free_chunks(), 0U);
  for (const uint64_t offset : taken) {
    ASSERT_EQ(table_.state(offset), chunk_state::kBusy);
  }
  for (const uint64_t offset : taken) {
    ASSERT_FALSE(give(offset));
  }
  EXPECT_EQ(free_chunks(), 2 * per_page_);
  EXPECT_EQ(table_.page(0).used, 0U);
  const auto again = take(2 * per_page_ + 1);
  EXPECT_EQ(std::set<uint64_t>(again.begin(), again.end()),
            std::set<uint64_t>(taken.begin(), taken.end()));
  const MutexLock lock(slab_.mutex);
  EXPECT_EQ(slab_.events.taken, 4 * per_page_);
}

TEST_F(SlabClassOfPages, ADrainingPageGivesNoChunksAndSaysWhenItIsEmpty) {
  add_pages(2);
  const auto taken = take(per_page_ + 5);
  {
    const MutexLock lock(slab_.mutex);
    EXPECT_FALSE(slab_.start_drain(0));
  }
  const size_t in_first = table_.page(0).used;
  const size_t in_second = table_.page(1).used;
  ASSERT_EQ(in_first + in_second, per_page_ + 5);
  ASSERT_GT(in_first, 0U);
  {
    const MutexLock lock(slab_.mutex);
    EXPECT_EQ(slab_.free_chunks(), per_page_ - in_second);
  }
  for (const uint64_t offset : take(2 * per_page_)) {
    ASSERT_EQ(table_.page_of(offset), 1U);
  }
  size_t given = 0;
  for (const uint64_t offset : taken) {
    if (table_.page_of(offset) == 0) {
      ++given;
      ASSERT_EQ(give(offset), given == in_first);
    }
  }
  {
    const MutexLock lock(slab_.mutex);
    EXPECT_EQ(slab_.free_chunks(), 0U);  // none of them is to be had
    slab_.remove_page(0);
    EXPECT_EQ(slab_.pages(), std::vector<uint32_t>{1});
    EXPECT_EQ(slab_.total_chunks(), per_page_);
  }
  table_.release(0);
  EXPECT_EQ(table_.free_count(), kPages - 1);
}

TEST_F(SlabClassOfPages, AnEmptyPageIsDrainedAtOnce) {
  add_pages(1);
  const MutexLock lock(slab_.mutex);
  EXPECT_TRUE(slab_.start_drain(0));
  EXPECT_EQ(slab_.free_chunks(), 0U);
  EXPECT_EQ(slab_.take(), 0U);
}

TEST_F(SlabClassOfPages, ACancelledDrainLosesNoChunk) {
  add_pages(1);
  const auto taken = take(10);
  {
    const MutexLock lock(slab_.mutex);
    EXPECT_FALSE(slab_.start_drain(0));
  }
  EXPECT_FALSE(give(taken[0]));
  {
    const MutexLock lock(slab_.mutex);
    slab_.cancel_drain(0);
  }
  EXPECT_EQ(free_chunks(), per_page_ - 9);
  EXPECT_EQ(take(per_page_).size(), per_page_ - 9);
}

TEST_F(SlabClassOfPages, TheMainHandGoesRoundOverMainChunksOnly) {
  add_pages(2);
  const auto taken = take(2 * per_page_);
  std::set<uint64_t> main;
  for (size_t i = 0; i < taken.size(); i += 3) {
    queue(taken[i], chunk_state::kMain);
    main.insert(taken[i]);
  }
  queue(taken[1], slab_.newcomer());
  EXPECT_EQ(slab_.main_count(), static_cast<int64_t>(main.size()));
  EXPECT_EQ(slab_.small_count(), 1);
  EXPECT_EQ(under_main_hand(), main);
  // In small bites it comes to each before it comes to one again.
  std::set<uint64_t> bites;
  const MutexLock lock(slab_.mutex);
  for (size_t i = 0; i < main.size(); ++i) {
    std::array<uint64_t, 1> out;
    ASSERT_EQ(slab_.next_main(out), 1U);
    bites.insert(out[0]);
  }
  EXPECT_EQ(bites, main);
}

TEST_F(SlabClassOfPages, TheSmallHandPrefersThoseThatStoodTheQueuesLength) {
  add_pages(1);
  const auto taken = take(per_page_);
  for (size_t i = 10; i < taken.size(); ++i) {
    queue(taken[i], chunk_state::kMain);
  }
  queue(taken[0], slab_.newcomer());
  const MutexLock lock(slab_.mutex);
  // As many leave the queue as it should hold, with the step's rounding.
  for (size_t i = 0; i < slab_.small_target() + 16; ++i) {
    slab_.passed_small();
  }
  queue(taken[1], slab_.newcomer());
  std::array<uint64_t, 8> out;
  ASSERT_EQ(slab_.next_small(std::span(out).first(1)), 1U);
  EXPECT_EQ(out[0], taken[0]);
  // With nobody old enough, anybody.
  table_.set_state(taken[0], chunk_state::kMain);
  ASSERT_EQ(slab_.next_small(std::span(out).first(1)), 1U);
  EXPECT_EQ(out[0], taken[1]);
}

TEST_F(SlabClassOfPages, TheSmallQueueIsEvictedFromWhenOverATenth) {
  add_pages(2);
  const auto taken = take(200);
  const MutexLock lock(slab_.mutex);
  EXPECT_EQ(slab_.small_target(), 21U);
  EXPECT_TRUE(slab_.small_is_over());  // there is no main queue
  for (size_t i = 0; i < 100; ++i) {
    queue(taken[i], chunk_state::kMain);
  }
  EXPECT_FALSE(slab_.small_is_over());
  for (size_t i = 100; i < 123; ++i) {
    queue(taken[i], slab_.newcomer());
  }
  EXPECT_FALSE(slab_.small_is_over());
  queue(taken[123], slab_.newcomer());
  EXPECT_TRUE(slab_.small_is_over());
  slab_.left(table_.exchange_state(taken[123], chunk_state::kRetired));
  EXPECT_FALSE(slab_.small_is_over());
}

TEST_F(SlabClassOfPages, TheReserveGrowsButStaysASixteenth) {
  add_pages(2);
  const MutexLock lock(slab_.mutex);
  const size_t before = slab_.reserve();
  EXPECT_EQ(before, std::min<size_t>(32, 2 * per_page_ / 16));
  for (int i = 0; i < 20; ++i) {
    slab_.raise_reserve();
  }
  EXPECT_EQ(slab_.reserve(), 2 * per_page_ / 16);
}

TEST_F(SlabClassOfPages, TakesBackNoChunkThatIsFree) {
  add_pages(1);
  const auto taken = take(2);
  EXPECT_FALSE(give(taken[0]));
  if (kDebugChecks) {
    EXPECT_DEATH(give(taken[0]), "is a chunk in use");
  }
}

TEST_F(SlabClassOfPages, GivesUpNoPageThatIsInUse) {
  add_pages(1);
  const auto taken = take(1);
  EXPECT_DEATH(
      {
        const MutexLock lock(slab_.mutex);
        slab_.start_drain(0);
        slab_.remove_page(0);
      },
      "was drained");
}

TEST_F(SlabClassOfPages, CountsChunksInFlight) {
  EXPECT_EQ(slab_.retired_chunks(), 0U);
  slab_.note_retired();
  slab_.note_retired();
  slab_.note_reclaimed();
  EXPECT_EQ(slab_.retired_chunks(), 1U);
}

}  // namespace
}  // namespace ember::storage
