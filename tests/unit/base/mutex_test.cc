// SPDX-License-Identifier: BSD-3-Clause
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ember {
namespace {

struct Counter {
  Mutex mutex;
  int count EMBER_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20000;
  Counter counter;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&counter] {
        for (int round = 0; round < kRounds; ++round) {
          const MutexLock lock(counter.mutex);
          ++counter.count;
        }
      });
    }
  }
  const MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.count, kThreads * kRounds);
}

TEST(Mutex, TryLockFailsWhileAnotherThreadHoldsIt) {
  Mutex mutex;
  const auto tried_elsewhere = [&mutex] {
    bool got = false;
    std::jthread([&] {
      if (mutex.try_lock()) {
        got = true;
        mutex.unlock();
      }
    }).join();
    return got;
  };
  {
    const MutexLock lock(mutex);
    EXPECT_FALSE(tried_elsewhere());
  }
  EXPECT_TRUE(tried_elsewhere());
}

struct Owned {
  Role role;
  int count EMBER_GUARDED_BY(role) = 0;
  void add() {
    role.assume();
    ++count;
  }
};

TEST(Role, TheFirstThreadThatAssumesItHasIt) {
  Owned owned;
  std::jthread([&] {
    owned.add();
    owned.add();
  }).join();
  owned.role.hand_over();
  owned.add();
  owned.role.assume();
  EXPECT_EQ(owned.count, 3);
}

TEST(RoleDeathTest, AnotherThreadIsNoticedInDebugBuilds) {
  if (!kDebugChecks) {
    GTEST_SKIP() << "skipped, because release builds do not look";
  }
  Owned owned;
  owned.add();
  EXPECT_DEATH(std::jthread([&] { owned.add(); }).join(), "a role is one thread's");
}

}  // namespace
}  // namespace ember
