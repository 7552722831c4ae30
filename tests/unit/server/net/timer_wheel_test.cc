// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace ember::server::net {
namespace {

constexpr uint64_t kPresent = 1'700'000'000'123;

/// Keeps which timers it was told of; answers as `react` says.
class RecordingOwner final : public TimerOwner {
 public:
  void on_due(Timer& timer) override {
    told.push_back(&timer);
    if (react) {
      react(timer);
    }
  }
  std::vector<Timer*> told;
  std::function<void(Timer&)> react;
};

TEST(TimerWheel, TellsAtTheDeadlineAndNotBefore) {
  for (const uint64_t delay :
       {uint64_t{1}, uint64_t{63}, uint64_t{64}, uint64_t{65}, uint64_t{4095}, uint64_t{4096},
        uint64_t{10'000}, uint64_t{300'000}, uint64_t{86'400'000}, uint64_t{100} * 86'400'000}) {
    RecordingOwner owner;
    Timer timer;
    TimerWheel wheel(kPresent);
    wheel.arm(timer, kPresent + delay, owner);
    wheel.run(kPresent + delay - 1);
    EXPECT_TRUE(owner.told.empty()) << delay;
    EXPECT_TRUE(timer.armed());
    wheel.run(kPresent + delay);
    ASSERT_EQ(owner.told, std::vector<Timer*>{&timer}) << delay;
    EXPECT_FALSE(timer.armed());
    EXPECT_TRUE(wheel.empty());
  }
}

TEST(TimerWheel, NextLeadsToTheDeadlineInFewSteps) {
  RecordingOwner owner;
  Timer timer;
  TimerWheel wheel(kPresent);
  const uint64_t deadline = kPresent + 3'600'000;
  wheel.arm(timer, deadline, owner);
  int steps = 0;
  while (owner.told.empty()) {
    const uint64_t next = wheel.next_ms();
    ASSERT_LE(next, deadline) << "nothing is told late";
    wheel.run(next);
    ASSERT_LE(++steps, 6) << "once a level";
    EXPECT_EQ(owner.told.empty(), next < deadline);
  }
}

TEST(TimerWheel, APassedDeadlineIsDueInTheNextRun) {
  RecordingOwner owner;
  Timer timer;
  TimerWheel wheel(kPresent);
  wheel.arm(timer, 5, owner);
  EXPECT_EQ(wheel.next_ms(), kPresent + 1);
  wheel.run(kPresent);
  EXPECT_TRUE(owner.told.empty());
  wheel.run(kPresent + 1);
  EXPECT_EQ(owner.told.size(), 1U);
}

TEST(TimerWheel, ArmedAgainItHasTheNewDeadlineAlone) {
  RecordingOwner first;
  RecordingOwner second;
  Timer timer;
  TimerWheel wheel(kPresent);
  wheel.arm(timer, kPresent + 10, first);
  wheel.arm(timer, kPresent + 1000, second);
  EXPECT_EQ(wheel.size(), 1U);
  wheel.run(kPresent + 999);
  wheel.run(kPresent + 1000);
  EXPECT_TRUE(first.told.empty());
  EXPECT_EQ(second.told.size(), 1U);
}

TEST(TimerWheel, CancelledItIsNotTold) {
  RecordingOwner owner;
  std::array<Timer, 3> timers;
  TimerWheel wheel(kPresent);
  for (Timer& timer : timers) {
    wheel.arm(timer, kPresent + 10, owner);
  }
  wheel.cancel(timers[0]);
  wheel.cancel(timers[0]);
  EXPECT_EQ(wheel.size(), 2U);
  wheel.run(kPresent + 10);
  EXPECT_EQ(owner.told.size(), 2U);
  EXPECT_EQ(std::ranges::count(owner.told, timers.data()), 0);
}

TEST(TimerWheel, ACallbackMayCancelOthersThatAreDue) {
  RecordingOwner owner;
  std::array<Timer, 5> timers;
  TimerWheel wheel(kPresent);
  for (Timer& timer : timers) {
    wheel.arm(timer, kPresent + 10, owner);
  }
  owner.react = [&](Timer& told) {
    for (Timer& timer : timers) {
      if (&timer != &told) {
        wheel.cancel(timer);
      }
    }
  };
  wheel.run(kPresent + 20);
  EXPECT_EQ(owner.told.size(), 1U);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, ACallbackMayDestroyItsTimer) {
  RecordingOwner owner;
  TimerWheel wheel(kPresent);
  auto timer = std::make_unique<Timer>();
  wheel.arm(*timer, kPresent + 10, owner);
  owner.react = [&](Timer& /*told*/) { timer.reset(); };
  wheel.run(kPresent + 10);
  EXPECT_EQ(timer, nullptr);
}

TEST(TimerWheel, WhatACallbackArmsWaitsForTheNextRun) {
  RecordingOwner owner;
  Timer timer;
  TimerWheel wheel(kPresent);
  wheel.arm(timer, kPresent + 10, owner);
  owner.react = [&](Timer& told) { wheel.arm(told, 0, owner); };
  wheel.run(kPresent + 50);
  EXPECT_EQ(owner.told.size(), 1U) << "a timer that is armed anew each time must not keep the loop";
  wheel.run(kPresent + 51);
  EXPECT_EQ(owner.told.size(), 2U);
  wheel.cancel(timer);
}

// As sessions use it: the deadline moves at each request, the timer only when it is due.
TEST(TimerWheel, ALazilyMovedDeadlineIsArmedForTheRest) {
  constexpr uint64_t kTimeout = 60'000;
  RecordingOwner owner;
  Timer timer;
  TimerWheel wheel(kPresent);
  uint64_t last_active = kPresent;
  uint64_t now = kPresent;
  uint64_t ended = 0;
  owner.react = [&](Timer& told) {
    if (last_active + kTimeout > now) {
      wheel.arm(told, last_active + kTimeout, owner);
    } else {
      ended = now;
    }
  };
  wheel.arm(timer, last_active + kTimeout, owner);
  while (ended == 0) {
    now += 1000;
    if (now < kPresent + 200'000) {
      last_active = now;
    }
    wheel.run(now);
  }
  EXPECT_EQ(ended, last_active + kTimeout);
  EXPECT_LE(owner.told.size(), 6U) << "once a time-out, however busy";
}

TEST(TimerWheel, AWheelThatGoesDisarms) {
  RecordingOwner owner;
  Timer timer;
  {
    TimerWheel wheel(kPresent);
    wheel.arm(timer, kPresent + 10, owner);
  }
  EXPECT_FALSE(timer.armed());
  EXPECT_TRUE(owner.told.empty());
}

TEST(TimerWheel, DeadlinesBeyondItsSpanAreKept) {
  constexpr uint64_t kYear = uint64_t{365} * 86'400'000;
  RecordingOwner owner;
  Timer timer;
  TimerWheel wheel(kPresent);
  wheel.arm(timer, kPresent + 10 * kYear, owner);
  while (owner.told.empty()) {
    const uint64_t next = wheel.next_ms();
    ASSERT_LE(next, kPresent + 10 * kYear);
    wheel.run(next);
    EXPECT_EQ(owner.told.empty(), next < kPresent + 10 * kYear);
  }
}

TEST(TimerWheel, ManyWithOneDeadlineAreAllTold) {
  RecordingOwner owner;
  std::vector<Timer> timers(100'000);
  TimerWheel wheel(kPresent);
  for (Timer& timer : timers) {
    wheel.arm(timer, kPresent + 600'000, owner);
  }
  wheel.run(kPresent + 599'999);
  EXPECT_TRUE(owner.told.empty());
  wheel.run(kPresent + 600'000);
  EXPECT_EQ(owner.told.size(), timers.size());
}

// Against a sorted model: random deadlines, re-arming and cancelling, time in steps of all sizes.
TEST(TimerWheel, DoesWhatASortedListDoes) {
  constexpr size_t kTimers = 200;
  std::mt19937_64 random(20240501);
  RecordingOwner owner;
  std::vector<Timer> timers(kTimers);
  std::map<Timer*, uint64_t> deadlines;
  uint64_t now = (uint64_t{1} << 36) - 100'000;  // crosses the highest level's end
  TimerWheel wheel(now);
  owner.react = [&](Timer& timer) {
    ASSERT_TRUE(deadlines.contains(&timer)) << "a cancelled timer was told";
    ASSERT_LE(deadlines[&timer], now) << "told early";
    deadlines.erase(&timer);
  };
  const auto any_delay = [&] { return random() % (uint64_t{1} << random() % 36); };
  for (int step = 0; step < 20'000; ++step) {
    Timer& timer = timers[random() % kTimers];
    switch (random() % 4) {
      case 0:
      case 1:
        // A deadline that has passed is the next run's, a millisecond on at the earliest.
        deadlines[&timer] = now + 1 + any_delay();
        wheel.arm(timer, deadlines[&timer], owner);
        break;
      case 2:
        wheel.cancel(timer);
        deadlines.erase(&timer);
        break;
      default:
        now += any_delay() / 16;
        wheel.run(now);
        for (const auto& [late, deadline] : deadlines) {
          ASSERT_GT(deadline, now) << "not told in time";
        }
    }
    ASSERT_EQ(wheel.size(), deadlines.size());
    if (!deadlines.empty()) {
      const auto earliest =
          std::ranges::min_element(deadlines, {}, [](const auto& each) { return each.second; });
      ASSERT_LE(wheel.next_ms(), earliest->second);
      ASSERT_GT(wheel.next_ms(), now);
    }
  }
}

TEST(TimerWheelDeathTest, ATimerIsCancelledBeforeItGoes) {
  if (!kDebugChecks) {
    GTEST_SKIP() << "skipped, because release builds do not look";
  }
  RecordingOwner owner;
  TimerWheel wheel(kPresent);
  auto timer = std::make_unique<Timer>();
  wheel.arm(*timer, kPresent + 10, owner);
  EXPECT_DEATH(timer.reset(), "cancelled before");
  wheel.cancel(*timer);
}

}  // namespace
}  // namespace ember::server::net
