// SPDX-License-Identifier: BSD-3-Clause
#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace ember {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) {
    return fail("not even");
  }
  return value / 2;
}

TEST(Result, HoldsTheValueOrTheReason) {
  EXPECT_EQ(half(4).value(), 2);
  const Result<int> failed = half(3);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "not even");
}

TEST(Result, FailErrnoAddsWhatTheSystemSaid) {
  const Result<void> failed = fail_errno("cannot bind 127.0.0.1:11211", EADDRINUSE);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "cannot bind 127.0.0.1:11211: Address already in use");
}

TEST(Result, FailTurnsIntoAnyResult) {
  const auto open = []() -> Result<std::unique_ptr<int>> { return fail("nothing there"); };
  EXPECT_EQ(open().error().message, "nothing there");
}

}  // namespace
}  // namespace ember
