// SPDX-License-Identifier: BSD-3-Clause
#include "storage/order/flush_horizon.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ember::storage {
namespace {

struct FlushHorizonTest : testing::Test {
  Clock clock;
  WriteOrder order;
  FlushHorizon horizon{clock, order};
};

TEST_F(FlushHorizonTest, IsNowhereBeforeTheFirstFlush) {
  order.restore(7);
  horizon.apply_due_flush();
  EXPECT_EQ(horizon.value(), 0U);
}

TEST_F(FlushHorizonTest, MovesToTheLastWriteAtOnce) {
  order.restore(7);
  horizon.flush(0);
  EXPECT_EQ(horizon.value(), 7U);
  order.restore(9);
  horizon.flush(clock.now());
  EXPECT_EQ(horizon.value(), 9U);
}

TEST_F(FlushHorizonTest, ALaterFlushHappensWhenItsTimeHasCome) {
  order.restore(7);
  horizon.flush(clock.now() + 10);
  clock.advance(5);
  horizon.apply_due_flush();
  EXPECT_EQ(horizon.value(), 0U);
  order.restore(9);
  clock.advance(10);
  horizon.apply_due_flush();
  EXPECT_EQ(horizon.value(), 9U);
  order.restore(12);
  clock.advance(10);
  horizon.apply_due_flush();
  EXPECT_EQ(horizon.value(), 9U) << "it happens once";
}

TEST_F(FlushHorizonTest, TheLastCallReplacesWhatIsToCome) {
  order.restore(7);
  horizon.flush(clock.now() + 10);
  horizon.flush(clock.now() + 100);
  clock.advance(50);
  horizon.apply_due_flush();
  EXPECT_EQ(horizon.value(), 0U);
}

TEST_F(FlushHorizonTest, WhatWasDueHasHappenedEvenIfNobodyLooked) {
  order.restore(7);
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
    const uint64_t sequence = order.next();
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
