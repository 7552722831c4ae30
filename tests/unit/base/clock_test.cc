// SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include <gtest/gtest.h>

#include <ctime>
#include <thread>

namespace ember {
namespace {

TEST(Clock, StartsAtThePresentSecond) {
  const auto before = static_cast<UnixSeconds>(std::time(nullptr));
  const Clock clock;
  const auto after = static_cast<UnixSeconds>(std::time(nullptr));
  // time() may lag the clock of CLOCK_REALTIME by a tick of the kernel.
  EXPECT_GE(clock.now() + 1, before);
  EXPECT_LE(clock.now(), after + 1);
  EXPECT_EQ(clock.now(), clock.started());
  EXPECT_EQ(clock.uptime(), 1U);
}

TEST(Clock, AdvanceMovesItAtOnceAndForGood) {
  Clock clock;
  const UnixSeconds start = clock.now();
  clock.advance(100);
  EXPECT_GE(clock.now(), start + 100);
  EXPECT_LE(clock.now(), start + 102);
  EXPECT_GE(clock.uptime(), 101U);
  clock.advance(100);
  clock.tick();
  EXPECT_GE(clock.now(), start + 200);
  EXPECT_EQ(clock.started(), start);
}

TEST(Clock, MovesOnlyWhenTicked) {
  Clock clock;
  const UnixSeconds start = clock.now();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(clock.now(), start);
  clock.tick();
  EXPECT_GE(clock.now(), start + 1);
  EXPECT_LE(clock.now(), start + 5);
}

}  // namespace
}  // namespace ember
