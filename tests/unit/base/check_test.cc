// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ember {
namespace {

TEST(Check, PassesWhatHolds) { check(true, "one is one"); }

TEST(CheckDeathTest, AbortsAndTellsWhatAndWhere) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(check(1 > 2, "one is more than two"),
               "check_test.cc:[0-9]+: check failed: one is more than two");
}

TEST(DebugCheckDeathTest, AbortsInAllBuildsButRelease) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  debug_check(true, "one is one");
  debug_check([] { return true; }, "one is one");
  if constexpr (kDebugChecks) {
    EXPECT_DEATH(debug_check(1 > 2, "one is more"),
                 "check_test.cc:[0-9]+: check failed: one is more");
    EXPECT_DEATH(debug_check([] { return false; }, "never"), "check failed: never");
  } else {
    debug_check(false, "nobody looks");
    debug_check([]() -> bool { std::abort(); }, "nobody asks");
  }
}

}  // namespace
}  // namespace ember
