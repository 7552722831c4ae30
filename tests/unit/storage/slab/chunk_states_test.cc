// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/chunk_states.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <vector>

namespace ember::storage {
namespace {

using namespace chunk_state;  // NOLINT(google-build-using-namespace): constants under test

TEST(ChunkStates, AreFreeToBeginWith) {
  const ChunkStates states(13);
  ASSERT_EQ(states.count(), 13U);
  for (size_t i = 0; i < states.count(); ++i) {
    EXPECT_EQ(states.get(i), kFree);
  }
  EXPECT_EQ(states.find_free(0), 0U);
  EXPECT_EQ(states.find(0, 0xff), 13U);
}

TEST(ChunkStates, ChangeOnlyTheirOwnByte) {
  ChunkStates states(24);
  states.set(9, kMain);
  EXPECT_EQ(states.exchange(10, kBusy), kFree);
  EXPECT_EQ(states.exchange(10, kPart), kBusy);
  EXPECT_FALSE(states.change(9, kBusy, kRetired));
  EXPECT_EQ(states.get(9), kMain);
  EXPECT_TRUE(states.change(9, kMain, kRetired));
  EXPECT_EQ(states.get(9), kRetired);
  EXPECT_EQ(states.get(8), kFree);
  EXPECT_EQ(states.get(11), kFree);
}

TEST(ChunkStates, QueuesAreToldByTheirBits) {
  for (const uint8_t state : {kFree, kCached, kBusy, kRetired, kLingering, kPart, kDirectory}) {
    EXPECT_FALSE(is_queued(state)) << int{state};
    EXPECT_FALSE(is_small(state)) << int{state};
  }
  for (unsigned generation = 0; generation <= kGenerationMask; ++generation) {
    EXPECT_TRUE(is_small(static_cast<uint8_t>(kSmallBit | generation)));
  }
  EXPECT_TRUE(is_queued(kMain));
  EXPECT_FALSE(is_small(kMain));
}

TEST(ChunkStates, AreTalliedByKind) {
  std::mt19937 random(3);
  const uint8_t all[] = {kFree,
                         kCached,
                         kBusy,
                         kRetired,
                         kLingering,
                         kPart,
                         kDirectory,
                         kMain,
                         kSmallBit,
                         kSmallBit | 1,
                         kSmallBit | kGenerationMask};
  for (const size_t count : {1U, 7U, 8U, 9U, 16U, 63U, 2039U, 2040U, 2041U, 4096U, 20000U}) {
    // What lies behind is nobody's: it must not count.
    std::vector<uint8_t> bytes(count + 8, kMain);
    ChunkStates::Counters expected;
    for (size_t i = 0; i < count; ++i) {
      bytes[i] = all[random() % std::size(all)];
      expected.free += bytes[i] == kFree ? 1U : 0U;
      expected.small += is_small(bytes[i]) ? 1U : 0U;
      expected.main += bytes[i] == kMain ? 1U : 0U;
    }
    ChunkStates states(count);
    states.assign(bytes.data());
    const ChunkStates::Counters counters = states.count_states();
    EXPECT_EQ(counters.free, expected.free) << count;
    EXPECT_EQ(counters.small, expected.small) << count;
    EXPECT_EQ(counters.main, expected.main) << count;
  }
}

/// The same with a plain loop.
template <typename Accept>
size_t first_from(const ChunkStates& states, size_t index, Accept&& accept) {
  while (index < states.count() && !accept(states.get(index))) {
    ++index;
  }
  return index;
}

// How many chunks are free, in percent: both searches see sparse and dense pages.
class ChunkStatesSearch : public testing::TestWithParam<unsigned> {};

TEST_P(ChunkStatesSearch, FindsWhatALoopFinds) {
  constexpr uint8_t kStates[] = {kCached, kBusy,     kRetired,       kPart,     kDirectory,
                                 kMain,   kSmallBit, kSmallBit | 63, kLingering};
  std::mt19937 random(20240917 + GetParam());
  for (const unsigned count : {1U, 2U, 7U, 8U, 9U, 15U, 16U, 63U, 64U, 65U, 200U, 1365U}) {
    ChunkStates states(count);
    for (size_t i = 0; i < count; ++i) {
      const bool is_free = random() % 100 < GetParam();
      states.set(i, is_free ? kFree : kStates[random() % std::size(kStates)]);
    }
    for (size_t index = 0; index <= count; ++index) {
      ASSERT_EQ(states.find_free(index),
                first_from(states, index, [](uint8_t state) { return state == kFree; }))
          << count << " from " << index;
      for (const uint8_t bits : {kSmallBit, kMain, uint8_t{kSmallBit | kMain}, uint8_t{0x01}}) {
        ASSERT_EQ(states.find(index, bits),
                  first_from(states, index, [bits](uint8_t state) { return (state & bits) != 0; }))
            << count << " from " << index << " bits " << int{bits};
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Share, ChunkStatesSearch, testing::Values(0, 2, 50, 98, 100));

}  // namespace
}  // namespace ember::storage
