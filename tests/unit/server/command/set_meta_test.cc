// SPDX-License-Identifier: BSD-3-Clause
// ms: every flag and mode. The expected bytes are those of memcached 1.6.18, and for its newer
// flags those its documentation gives.
#include <gtest/gtest.h>

#include "server/command/set.h"
#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(MetaSet, Modes) {
  Conversation ask;
  EXPECT_EQ(ask("ms bb 2|xx|ms bb 2 ME|xx|ms bb 2 ME k O1 c|xx"), "HD|NS|NS kbb O1 c0|");
  EXPECT_EQ(ask("ms bb 2 MA|zz|mg bb v f t"), "HD|VA 4 f0 t-1|xxzz|");
  EXPECT_EQ(ask("ms bb 2 MP k|ww|mg bb v"), "HD kbb|VA 6|wwxxzz|");
  EXPECT_EQ(ask("ms bb 2 MR|qq|mg bb v"), "HD|VA 2|qq|");
  EXPECT_EQ(ask("ms nf 2 MR k|qq|ms nf 2 MA k|qq|ms nf 2 MP c|qq"), "NS knf|NS knf|NS c0|");
  EXPECT_EQ(ask("ms bb 2 Ma|aa|ms bb 2 Mp|pp|ms bb 2 Me|ee|ms nf 2 Mr|rr"), "HD|HD|NS|NS|");
  EXPECT_EQ(ask("mg bb v"), "VA 6|ppqqaa|");
  EXPECT_EQ(ask("ms bb 2 MS|ss|mg bb v"), "HD|VA 2|ss|");
  EXPECT_EQ(ask("ms bb 2 MX|zz"), "CLIENT_ERROR invalid mode for ms M token|");
}

TEST(MetaSet, ReturnFlags) {
  Conversation ask;
  EXPECT_EQ(ask("ms YmI= 2 k O1 E61 c b F5 T30|yy"), "HD kYmI= b O1 c61|");
  EXPECT_EQ(ask("mg YmI= b v f t"), "VA 2 f5 t30|yy|");
  EXPECT_EQ(ask("ms bb 2 s k|xx"), "HD s2 kbb|");
  EXPECT_EQ(ask("ms bb 3 MA s|xxx"), "HD s5|");
}

TEST(MetaSet, Quiet) {
  Conversation ask;
  EXPECT_EQ(ask("ms bb 2 q|xx|ms bb 2 q ME|zz|ms bb 2 q MA C999|zz|ms no 2 q MA|xx|mn"),
            "NS|EX|NS|MN|");
}

TEST(MetaSet, CasCompare) {
  Conversation ask;
  EXPECT_EQ(ask("ms a 2 E100|aa|ms a 2 C99 k O1 c|bb|ms a 2 C0|bb|mg a v"),
            "HD|EX ka O1 c0|EX|VA 2|aa|");
  EXPECT_EQ(ask("ms a 2 C100 E200 c|bb|ms a 2 C100|cc|ms a 2 C200|dd|mg a v"),
            "HD c200|EX|HD|VA 2|dd|");
  EXPECT_EQ(ask("ms nf 2 C1|xx|ms nf 2 C1 k O3 c I|xx|ms nf 2 MR C1|xx"), "NF|NF knf O3 c0|NF|");
}

TEST(MetaSet, CasCompareInOtherModes) {
  Conversation ask;
  ask("ms a 2 E100|aa");
  EXPECT_EQ(ask("ms a 2 C5 ME|zz|ms a 2 C5 MA|zz|ms a 2 C5 MR|qq|ms nf 2 MA C1|zz"),
            "NS|EX|EX|NS|");
  EXPECT_EQ(ask("ms a 2 C100 MA|bb|mg a v"), "HD|VA 4|aabb|");
  EXPECT_EQ(ask("ms nf 2 ME C1|zz"), "HD|");
}

TEST(MetaSet, AnOlderCasInvalidates) {
  Conversation ask;
  EXPECT_EQ(ask("ms a 2 E100|aa|ms a 2 C50 I k O1|bb"), "HD|HD ka O1|");
  EXPECT_EQ(ask("mg a v|mg a v"), "VA 2 X W|bb|VA 2 Z X|bb|");
  EXPECT_EQ(ask("ms a 2 E100|aa|ms a 2 C999 I|bb|ms a 2 C0 I|bb|mg a v"), "HD|EX|EX|VA 2|aa|");
  EXPECT_EQ(ask("ms a 2 I|cc|mg a v"), "HD|VA 2|cc|");
}

TEST(MetaSet, VivifyingAppend) {
  Conversation ask;
  EXPECT_EQ(ask("ms a 2 MA N30 F7 s|aa|mg a v t f"), "HD s2|VA 2 t30 f7|aa|");
  EXPECT_EQ(ask("ms a 2 MP N90|bb|mg a v t f"), "HD|VA 4 t30 f7|bbaa|");
}

TEST(MetaSet, Expiry) {
  Conversation ask;
  EXPECT_EQ(ask("ms x 2 T-1|ab|mg x v"), "HD|EN|");
  EXPECT_EQ(ask("ms x 2 T0|ab|mg x t"), "HD|HD t-1|");
  EXPECT_EQ(ask("ms x 2 T90|ab|mg x t"), "HD|HD t90|");
}

TEST(MetaSet, WithoutCas) {
  Conversation ask({.handler = {.use_cas = false}});
  EXPECT_EQ(ask("ms a 1 c E50|3|ms a 1 C1|3|ms a 1 C0 c|4|mg a c"), "HD c0|EX|EX c0|HD c0|");
}

TEST(MetaSet, StreamedValues) {
  Conversation ask;
  const std::string value(100'000, 'v');
  EXPECT_EQ(ask("ms a 100000 k c E5 T60|" + value), "HD ka c5|");
  EXPECT_EQ(ask("mg a t v"), "VA 100000 t60|" + value + "|");
  EXPECT_EQ(ask("ms a 100000 MA s|" + value), "HD s200000|");
  EXPECT_EQ(ask("ms a 100000 ME O1|" + value), "NS O1|");
  EXPECT_EQ(ask("ms a 100000 C9|" + value), "EX|");
}

}  // namespace
}  // namespace ember::server::command
