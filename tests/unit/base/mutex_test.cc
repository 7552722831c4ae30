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

}  // namespace
}  // namespace ember
