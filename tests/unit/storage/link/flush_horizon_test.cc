// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/flush_horizon.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ember::storage {
namespace {

struct FlushHorizonTest : testing::Test {
  Clock clock;
  std::atomic<uint64_t> last_sequence{0};
  FlushHorizon horizon{clock, last_sequence};
};

TEST_F(FlushHorizonTest, IsNowhereBeforeTheFirstFlush) {
  last_sequence = 7;
  horizon.settle();
  EXPECT_EQ(horizon.value(), 0U);
}

TEST_F(FlushHorizonTest, MovesToTheLastWriteAtOnce) {
  last_sequence = 7;
  horizon.flush(0);
  EXPECT_EQ(horizon.value(), 7U);
  last_sequence = 9;
  horizon.flush(clock.now());
  EXPECT_EQ(horizon.value(), 9U);
}

TEST_F(FlushHorizonTest, ALaterFlushHappensWhenItsTimeHasCome) {
  last_sequence = 7;
  horizon.flush(clock.now() + 10);
  clock.advance(5);
  horizon.settle();
  EXPECT_EQ(horizon.value(), 0U);
  last_sequence = 9;
  clock.advance(10);
  horizon.settle();
  EXPECT_EQ(horizon.value(), 9U);
  last_sequence = 12;
  clock.advance(10);
  horizon.settle();
  EXPECT_EQ(horizon.value(), 9U) << "it happens once";
}

TEST_F(FlushHorizonTest, TheLastCallReplacesWhatIsToCome) {
  last_sequence = 7;
  horizon.flush(clock.now() + 10);
  horizon.flush(clock.now() + 100);
  clock.advance(50);
  horizon.settle();
  EXPECT_EQ(horizon.value(), 0U);
}

TEST_F(FlushHorizonTest, WhatWasDueHasHappenedEvenIfNobodyLooked) {
  last_sequence = 7;
  horizon.flush(clock.now() + 10);
  clock.advance(20);
  horizon.flush(clock.now() + 100);
  EXPECT_EQ(horizon.value(), 7U);
}

TEST_F(FlushHorizonTest, AFlushChangesTheTurn) {
  const uint64_t turn = horizon.turn();
  EXPECT_TRUE(horizon.same_turn(turn));
  horizon.flush(clock.now() + 10);
  EXPECT_TRUE(horizon.same_turn(turn)) << "nothing is flushed yet";
  horizon.flush(0);
  EXPECT_FALSE(horizon.same_turn(turn));
}

TEST_F(FlushHorizonTest, NoWriterIsBeyondAFlushItDidNotSee) {
  constexpr uint64_t kWrites = 200000;
  std::atomic<bool> over = false;
  std::jthread flusher([&] {
    while (!over) {
      horizon.flush(0);
    }
  });
  // What the writer makes depends on the horizon it saw: if it keeps its turn, nothing was
  // flushed between what it saw and its own sequence.
  uint64_t kept = 0;
  for (uint64_t i = 0; i < kWrites; ++i) {
    const uint64_t turn = horizon.turn();
    const uint64_t seen = horizon.value();
    const uint64_t sequence = last_sequence.fetch_add(1) + 1;
    if (horizon.same_turn(turn)) {
      ++kept;
      ASSERT_LT(seen, sequence);
      const uint64_t now = horizon.value();
      ASSERT_TRUE(now == seen || now >= sequence) << "flushed between: " << now;
    }
  }
  over = true;
  EXPECT_GT(kept, 0U);
}

}  // namespace
}  // namespace ember::storage
