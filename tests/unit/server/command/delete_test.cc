// SPDX-License-Identifier: BSD-3-Clause
// md and delete: every flag. The expected bytes are those of memcached 1.6.18, and for its newer
// flags those its documentation gives.
#include "server/command/delete.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(ClassicDelete, Removes) {
  Conversation ask;
  EXPECT_EQ(ask("delete a"), "NOT_FOUND|");
  EXPECT_EQ(ask("set a 0 0 1|1|delete a|get a"), "STORED|DELETED|END|");
  EXPECT_EQ(ask("set a 0 0 1|1|delete a noreply|delete a noreply|get a"), "STORED|END|");
  EXPECT_EQ(ask("set a 0 -1 1|1|delete a"), "STORED|NOT_FOUND|");
  EXPECT_EQ(ask.stat("delete_hits"), "2");
  EXPECT_EQ(ask.stat("delete_misses"), "3");
}

TEST(MetaDelete, Removes) {
  Conversation ask;
  EXPECT_EQ(ask("md miss|md miss k O1"), "NF|NF kmiss O1|");
  EXPECT_EQ(ask("set x 1 0 2|xx|md x k O1|mg x"), "STORED|HD kx O1|EN|");
  EXPECT_EQ(ask("set x 1 0 2|xx|md eA== k O1 b|mg x"), "STORED|HD keA== b O1|EN|");
  EXPECT_EQ(ask("set x 1 0 2|xx|md x T30|mg x"), "STORED|HD|EN|");
}

TEST(MetaDelete, QuietHidesHitsAndMisses) {
  Conversation ask;
  EXPECT_EQ(ask("set x 1 0 2|xx|md x q k O1|md x q|mn"), "STORED|MN|");
  EXPECT_EQ(ask("set x 1 0 2|xx|md x q C1 k"), "STORED|EX kx|");
}

TEST(MetaDelete, CasCompare) {
  Conversation ask;
  EXPECT_EQ(ask("ms x 2 E50|xx|md x C49 k O1|md x C0|mg x|md x C50|mg x"),
            "HD|EX kx O1|EX|HD|HD|EN|");
}

TEST(MetaDelete, InvalidateKeepsTheItemStale) {
  Conversation ask;
  EXPECT_EQ(ask("ms x 2 E50 F3|xx|md x I T30 E60|mg x c f t v"), "HD|HD|VA 2 c60 f3 t30 X W|xx|");
  EXPECT_EQ(ask("ms x 2 E50|xx|md x I C49|md x I C50|mg x s"), "HD|EX|HD|HD s2 X W|");
  EXPECT_NE(ask("mg x c"), "HD c50 Z X|");
  EXPECT_EQ(ask("md miss I"), "NF|");
}

TEST(MetaDelete, DropsTheValueOnly) {
  Conversation ask;
  EXPECT_EQ(ask("ms x 2 F3 T90|xx|md x x|mg x v f t"), "HD|HD|VA 0 f0 t90||");
  EXPECT_EQ(ask("ms x 2 F3|xx|md x x I T30|mg x v f t"), "HD|HD|VA 0 f0 t30 X W||");
}

TEST(MetaDelete, Counts) {
  Conversation ask;
  ask("ms a 1 E9|1|md m|md a C1|md a I|md a");
  EXPECT_EQ(ask.stat("delete_hits"), "1");
  EXPECT_EQ(ask.stat("delete_misses"), "2");
}

}  // namespace
}  // namespace ember::server::command
