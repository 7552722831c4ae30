// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/timers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/server/net/test_loop.h"

namespace ember::server::net {
namespace {

class CountingOwner final : public TimerOwner {
 public:
  void on_due(Timer& /*timer*/) override { ++told; }
  int told = 0;
};

TEST(Timers, FollowTheClock) {
  Clock clock;
  CountingOwner owner;
  Timer timer;
  Timers timers(clock);
  timers.arm_in(timer, 60'000, owner);
  timers.run();
  clock.advance(59);
  timers.run();
  EXPECT_EQ(owner.told, 0);
  EXPECT_EQ(timers.size(), 1U);
  clock.advance(1);
  timers.run();
  EXPECT_EQ(owner.told, 1);
  EXPECT_EQ(timers.size(), 0U);
}

TEST(Timers, TheWaitIsTheShorterOfLimitAndNextDeadline) {
  Clock clock;
  CountingOwner owner;
  Timer timer;
  Timers timers(clock);
  EXPECT_EQ(timers.wait_ms(Poller::kForever), Poller::kForever);
  EXPECT_EQ(timers.wait_ms(123), 123);
  timers.arm_in(timer, 50, owner);
  EXPECT_EQ(timers.wait_ms(0), 0);
  EXPECT_LE(timers.wait_ms(Poller::kForever), 50);
  EXPECT_GE(timers.wait_ms(Poller::kForever), 0);
  EXPECT_LE(timers.wait_ms(10), 10);
  clock.advance(1);
  EXPECT_EQ(timers.wait_ms(Poller::kForever), 0) << "it is due";
  timers.cancel(timer);
  EXPECT_EQ(timers.wait_ms(Poller::kForever), Poller::kForever);
}

TEST(Timers, AFarDeadlineFitsInAWait) {
  Clock clock;
  CountingOwner owner;
  Timer timer;
  Timers timers(clock);
  timers.arm_in(timer, uint64_t{1} << 34, owner);
  const int wait = timers.wait_ms(Poller::kForever);
  EXPECT_GT(wait, 0);
  EXPECT_LE(wait, 3'600'000);
}

class TimersOnALoop : public PollerTest {};

TEST_P(TimersOnALoop, WakeThePollerWhenOneIsDue) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  Clock clock;
  CountingOwner owner;
  Timer timer;
  Timers timers(clock);
  const auto start = steady_clock::now();
  timers.arm_in(timer, 30, owner);
  int turns = 0;
  while (owner.told == 0) {
    poller->turn(timers.wait_ms(Poller::kForever));
    timers.run();
    ASSERT_LT(++turns, 20) << "a loop that waits for a time does not spin";
  }
  // now_ms() is cut to whole milliseconds, so one of them may be missing.
  EXPECT_GE(steady_clock::now() - start, milliseconds(29));
}

INSTANTIATE_TEST_SUITE_P(Pollers, TimersOnALoop,
                         testing::Values(PollerKind::uring, PollerKind::epoll), kind_name);

TEST(TimersDeathTest, BelongToTheThreadOfTheirLoop) {
  if (!kDebugChecks) {
    GTEST_SKIP() << "skipped, because release builds do not look";
  }
  Clock clock;
  Timers timers(clock);
  timers.run();
  EXPECT_DEATH(std::jthread([&] { timers.run(); }).join(), "one thread's");
}

}  // namespace
}  // namespace ember::server::net
