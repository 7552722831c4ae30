// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/back_off.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ember::storage {
namespace {

TEST(BackOff, LetsAThreadWaitForAnotherThatTakesTurnsWithIt) {
  // More turns than one time slice has pauses: without the yield, one processor would take minutes.
  constexpr unsigned kTurns = 2000;
  std::atomic<unsigned> turn{0};
  const auto take_turns = [&](unsigned parity) {
    for (unsigned mine = parity; mine < kTurns; mine += 2) {
      for (unsigned attempt = 0; turn.load() != mine; ++attempt) {
        back_off(attempt);
      }
      turn.store(mine + 1);
    }
  };
  {
    const std::jthread even([&] { take_turns(0); });
    const std::jthread odd([&] { take_turns(1); });
  }
  EXPECT_EQ(turn.load(), kTurns);
}

}  // namespace
}  // namespace ember::storage
