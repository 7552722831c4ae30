// SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>
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
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  clock.advance(100);
  EXPECT_EQ(clock.now(), start + 100) << "what the system's clock did waits for a tick";
  EXPECT_EQ(clock.uptime(), 101U);
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

// Items are kept over a restart: a clock that began its seconds at another moment would bring back,
// for a part of a second, what the process before had seen expire.
TEST(Clock, SecondsBeginWithThoseOfTheWallClock) {
  Clock clock;
  int compared = 0;
  for (int i = 0; i < 250; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    clock.tick();
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    // Near the turn of a second this thread may have been put off between the two.
    if (wall.tv_nsec > 200'000'000 && wall.tv_nsec < 950'000'000) {
      EXPECT_EQ(clock.now(), static_cast<UnixSeconds>(wall.tv_sec)) << wall.tv_nsec;
      ++compared;
    }
  }
  EXPECT_GT(compared, 20);
}

TEST(Clock, MillisecondsAreOfTheSameTime) {
  Clock clock;
  const uint64_t before = clock.now_ms();
  EXPECT_GE(before / 1000, clock.now()) << "the seconds wait for a tick";
  clock.advance(100);
  const uint64_t after = clock.now_ms();
  EXPECT_GE(after, before + 100'000);
  EXPECT_LT(after, before + 110'000);
  clock.tick();
  EXPECT_LE(clock.now(), clock.now_ms() / 1000);
}

}  // namespace
}  // namespace ember
