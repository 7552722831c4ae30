// SPDX-License-Identifier: BSD-3-Clause
#include "base/nearest_name.h"

#include <gtest/gtest.h>

namespace ember {
namespace {

TEST(EditDistance, CountsLettersAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("prot", "port"), 1U);
}

TEST(NearestName, IsTheOneThatMayHaveBeenMeant) {
  const std::vector<std::string_view> names{"port", "threads", "memory-limit"};
  EXPECT_EQ(nearest_name("prot", names), "port");
  EXPECT_EQ(nearest_name("memory-limits", names), "memory-limit");
}

TEST(NearestName, IsNothingWhereAllAreOtherWords) {
  const std::vector<std::string_view> names{"port", "threads"};
  EXPECT_EQ(nearest_name("verbose", names), std::nullopt);
  EXPECT_EQ(nearest_name("port", {}), std::nullopt);
}

}  // namespace
}  // namespace ember
