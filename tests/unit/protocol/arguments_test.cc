// SPDX-License-Identifier: BSD-3-Clause
// Words behind a command's name.
#include "protocol/arguments.h"

#include <gtest/gtest.h>

namespace ember::protocol {
namespace {

TEST(Arguments, None) {
  EXPECT_EQ(Arguments("").count(), 0U);
  EXPECT_EQ(Arguments("   ").count(), 0U);
  EXPECT_EQ(Arguments("")[0], "");
  EXPECT_FALSE(Arguments("").last_is("noreply"));
}

TEST(Arguments, SplitsAtBlanks) {
  const Arguments arguments("  detail   on ");
  EXPECT_EQ(arguments.count(), 2U);
  EXPECT_EQ(arguments[0], "detail");
  EXPECT_EQ(arguments[1], "on");
  EXPECT_EQ(arguments[2], "");
  EXPECT_TRUE(arguments.last_is("on"));
  EXPECT_FALSE(arguments.last_is("detail"));
}

TEST(Arguments, CountsMoreThanItKeeps) {
  const Arguments arguments("1 2 3 4 5 6 7 8 9");
  EXPECT_EQ(arguments.count(), 9U);
  EXPECT_EQ(arguments[5], "6");
  EXPECT_EQ(arguments[6], "");
  EXPECT_FALSE(arguments.last_is("9"));
}

TEST(Arguments, SignedNumbers) {
  EXPECT_EQ(parse_signed("12"), 12);
  EXPECT_EQ(parse_signed("+12"), 12);
  EXPECT_EQ(parse_signed("-12"), -12);
  EXPECT_EQ(parse_signed("+-12"), std::nullopt);
  EXPECT_EQ(parse_signed("12a"), std::nullopt);
  EXPECT_EQ(parse_signed(""), std::nullopt);
  EXPECT_EQ(parse_signed("99999999999999999999"), std::nullopt);
}

}  // namespace
}  // namespace ember::protocol
