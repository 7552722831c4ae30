// SPDX-License-Identifier: BSD-3-Clause
// mg and me: every flag. The expected bytes are those of memcached 1.6.18, and for its newer flags
// those its documentation gives.
#include "server/command/meta_get.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(MetaGet, ReturnFlagsInTheOrderAsked) {
  Conversation ask;
  ask("set a 5 0 3|abc");
  EXPECT_EQ(ask("mg a"), "HD|");
  EXPECT_EQ(ask("mg a v"), "VA 3|abc|");
  EXPECT_EQ(ask("mg a s v t f"), "VA 3 s3 t-1 f5|abc|");
  EXPECT_EQ(ask("mg a f t v s k O12 q"), "VA 3 f5 t-1 s3 ka O12|abc|");
  EXPECT_EQ(ask("mg a k O1 q s"), "HD ka O1 s3|");
  EXPECT_EQ(ask("mg a k P1 L2 O2"), "HD ka O2|");
}

TEST(MetaGet, CasIsThatOfGets) {
  Conversation ask;
  ask("set a 0 0 1|1");
  const std::string cas = ask("mg a c").substr(4);
  EXPECT_EQ(ask("gets a"), "VALUE a 0 1 " + cas + "1|END|");
}

TEST(MetaGet, Misses) {
  Conversation ask;
  EXPECT_EQ(ask("mg miss"), "EN|");
  EXPECT_EQ(ask("mg miss s v k O9 t"), "EN kmiss O9|");
  EXPECT_EQ(ask("mg miss q k O1|mn"), "MN|");
  EXPECT_EQ(ask("mg bWlzcw== k b O1"), "EN kbWlzcw== b O1|");
  EXPECT_EQ(ask("mg bWlzcw== b O1"), "EN O1|");
}

TEST(MetaGet, Base64Keys) {
  Conversation ask;
  EXPECT_EQ(ask("ms YmI= 2 b F5|yy"), "HD|");
  EXPECT_EQ(ask("mg YmI= b k v f"), "VA 2 kYmI= b f5|yy|");
  EXPECT_EQ(ask("mg YmI= b v"), "VA 2|yy|");
  EXPECT_EQ(ask("get bb"), "VALUE bb 5 2|yy|END|");
  EXPECT_EQ(ask("get YmI="), "END|");
}

TEST(MetaGet, HitBeforeAndLastAccess) {
  Conversation ask;
  ask("set x 1 0 2|ab");
  EXPECT_EQ(ask("mg x u h|mg x h|mg x h|mg x h l"), "HD h0|HD h0|HD h1|HD h1 l0|");
  ask("set y 1 0 2|ab");
  ask.clock.advance(60);
  const std::string answer = ask("mg y l u");
  EXPECT_TRUE(answer == "HD l60|" || answer == "HD l61|") << answer;
  EXPECT_EQ(ask("mg y|mg y l"), "HD|HD l0|");
}

TEST(MetaGet, TouchInItsPlaceAmongTheFlags) {
  Conversation ask;
  EXPECT_EQ(ask("set x 1 100 2|ab|mg x t T200 v|mg x t v"), "STORED|VA 2 t100|ab|VA 2 t200|ab|");
  EXPECT_EQ(ask("set x 1 100 2|ab|mg x T0 v t|mg x t"), "STORED|VA 2 t-1|ab|HD t-1|");
  EXPECT_EQ(ask("set x 1 100 2|ab|mg x t T-1|mg x"), "STORED|HD t100|EN|");
  EXPECT_EQ(ask("mg miss T100 k"), "EN kmiss|");
}

TEST(MetaGet, Vivify) {
  Conversation ask;
  EXPECT_EQ(ask("mg m N30 v t s f h l k"), "VA 0 t30 s0 f0 h0 l0 km W||");
  EXPECT_EQ(ask("mg m N30 v t s f h l k"), "VA 0 t30 s0 f0 h1 l0 km Z||");
  EXPECT_EQ(ask("mg m s"), "HD s0 Z|");
  EXPECT_EQ(ask("get m"), "VALUE m 0 0||END|");
  EXPECT_EQ(ask("add m 0 0 1|x"), "NOT_STORED|");
  EXPECT_EQ(ask("set m 0 0 1|y|mg m v t"), "STORED|VA 1 t-1|y|");
  EXPECT_EQ(ask("mg new N30"), "HD W|");
}

TEST(MetaGet, VivifyWithACasOfItsOwn) {
  Conversation ask;
  EXPECT_EQ(ask("mg m N30 E1234 c"), "HD c1234 W|");
  EXPECT_EQ(ask("ms m 1 C1233|a"), "EX|");
  EXPECT_EQ(ask("ms m 1 C1234|a"), "HD|");
}

TEST(MetaGet, Recache) {
  Conversation ask;
  EXPECT_EQ(ask("set r 0 100 1|y|mg r R30 t v"), "STORED|VA 1 t100|y|");
  EXPECT_EQ(ask("mg r R200 t v"), "VA 1 t100 W|y|");
  EXPECT_EQ(ask("mg r R200 t v"), "VA 1 t100 Z|y|");
  EXPECT_EQ(ask("mg r t v"), "VA 1 t100 Z|y|");
  EXPECT_EQ(ask("set x 0 0 2|xx|mg x R1000 v t"), "STORED|VA 2 t-1|xx|");
  EXPECT_EQ(ask("set x 0 100 2|ab|mg x t R200 T300 v|mg x t R200"),
            "STORED|VA 2 t100 W|ab|HD t300 Z|");
  EXPECT_EQ(ask("set x 0 100 2|ab|mg x T300 R200 v t"), "STORED|VA 2 t300|ab|");
}

TEST(MetaGet, StaleItemsAreWonOnce) {
  Conversation ask;
  EXPECT_EQ(ask("set x 1 0 2|xx|md x I T30|mg x v t f|mg x v t f|mg x v R1000"),
            "STORED|HD|VA 2 t30 f1 X W|xx|VA 2 t30 f1 Z X|xx|VA 2 Z X|xx|");
  EXPECT_EQ(ask("ms x 1|y|mg x v t"), "HD|VA 1 t-1|y|");
  EXPECT_EQ(ask("set x 1 100 2|xx|md x I|mg x R1000 v t|mg x R1000 v t"),
            "STORED|HD|VA 2 t100 X W|xx|VA 2 t100 Z X|xx|");
}

TEST(MetaGet, UnchangedValuesAreNotSent) {
  Conversation ask;
  EXPECT_EQ(ask("ms a 2 E77|ab"), "HD|");
  EXPECT_EQ(ask("mg a C77 v s c"), "HD s2 c77|");
  EXPECT_EQ(ask("mg a C76 v s c"), "VA 2 s2 c77|ab|");
  EXPECT_EQ(ask("mg miss C77 v"), "EN|");
}

TEST(MetaGet, Counts) {
  Conversation ask;
  ask("set a 0 0 1|1");
  ask("mg a|mg a v T0|mg m|mg m T0|mg n N30");
  EXPECT_EQ(ask.stat("cmd_get"), "4");
  EXPECT_EQ(ask.stat("get_hits"), "2");
  EXPECT_EQ(ask.stat("get_misses"), "2");
  EXPECT_EQ(ask.stat("cmd_touch"), "1");
  EXPECT_EQ(ask.stat("touch_hits"), "1");
  EXPECT_EQ(ask.stat("touch_misses"), "0");
  EXPECT_EQ(ask.stat("cmd_meta"), "0");
}

TEST(MetaDebug, ShowsTheItem) {
  Conversation ask;
  EXPECT_EQ(ask("me x"), "EN|");
  ask("ms x 2 E9 T100|ab");
  const std::string fields = ask("me x");
  EXPECT_TRUE(fields.starts_with("ME x exp=-100 la=0 cas=9 fetch=no cls=")) << fields;
  const size_t size = storage::Item::kHeaderSize + storage::Item::kSequenceSize + 1 + 2;
  EXPECT_TRUE(fields.ends_with(" size=" + std::to_string(size) + "|")) << fields;
  EXPECT_TRUE(
      ask("mg x|touch x 0|me x").starts_with("HD|TOUCHED|ME x exp=-1 la=0 cas=9 fetch=yes"));
  EXPECT_TRUE(ask("me eA== b").starts_with("ME eA== exp=-1 "));
  EXPECT_EQ(ask.stat("cmd_meta"), "4");
}

}  // namespace
}  // namespace ember::server::command
