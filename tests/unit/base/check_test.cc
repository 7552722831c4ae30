// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"

#include <gtest/gtest.h>

namespace ember {
namespace {

TEST(Check, PassesWhatHolds) { check(true, "one is one"); }

TEST(CheckDeathTest, AbortsAndTellsWhatAndWhere) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(check(1 > 2, "one is more than two"),
               "check_test.cc:[0-9]+: check failed: one is more than two");
}

}  // namespace
}  // namespace ember
