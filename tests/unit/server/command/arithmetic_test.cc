// SPDX-License-Identifier: BSD-3-Clause
// ma, incr and decr: every flag. The expected bytes are those of memcached 1.6.18, and for its
// newer flags those its documentation gives.
#include "server/command/arithmetic.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

constexpr std::string_view kNonNumericLine =
    "CLIENT_ERROR cannot increment or decrement non-numeric value|";

TEST(ClassicArithmetic, CountsUpAndDown) {
  Conversation ask;
  EXPECT_EQ(ask("incr n 1|decr n 1"), "NOT_FOUND|NOT_FOUND|");
  EXPECT_EQ(ask("set n 7 100 3|100|incr n 1|mg n v f t h"), "STORED|101|VA 3 f7 t100 h0|101|");
  EXPECT_EQ(ask("incr n 18446744073709551615|get n"), "100|VALUE n 7 3|100|END|");
  EXPECT_EQ(ask("incr n 1 noreply|decr n 2 noreply|incr n 0"), "99|");
  EXPECT_EQ(ask("decr n 100|incr n 5"), "0|5|");
}

TEST(ClassicArithmetic, ShorterNumbersArePaddedWithBlanks) {
  Conversation ask;
  EXPECT_EQ(ask("set n 0 0 3|100"), "STORED|");
  EXPECT_EQ(ask("decr n 1"), "99|");
  EXPECT_EQ(ask("get n"), "VALUE n 0 3|99 |END|");
  EXPECT_EQ(ask("decr n 95"), "4|");
  EXPECT_EQ(ask("get n"), "VALUE n 0 3|4  |END|");
  EXPECT_EQ(ask("incr n 6"), "10|");
  EXPECT_EQ(ask("get n"), "VALUE n 0 3|10 |END|");
  EXPECT_EQ(ask("ma n D9 MD v"), "VA 1|1|");
  EXPECT_EQ(ask("mg n s v"), "VA 3 s3|1  |");
  EXPECT_EQ(ask("incr n 99999"), "100000|");
  EXPECT_EQ(ask("get n"), "VALUE n 0 6|100000|END|");
}

TEST(ClassicArithmetic, WrapsAtTheTop) {
  Conversation ask;
  EXPECT_EQ(ask("set n 0 0 20|18446744073709551615|incr n 1"), "STORED|0|");
  EXPECT_EQ(ask("get n"), "VALUE n 0 20|0                   |END|");
}

TEST(ClassicArithmetic, WhatIsANumber) {
  Conversation ask;
  for (const std::string value : {"-12", "", "12ab", "a", "18446744073709551616"}) {
    EXPECT_EQ(ask("set n 0 0 " + std::to_string(value.size()) + "|" + value + "|incr n 1"),
              "STORED|" + std::string(kNonNumericLine))
        << value;
  }
  for (const std::string value : {"12", " 12", "+12", "0012", "12 ", "12 34", "12\t"}) {
    EXPECT_EQ(ask("set n 0 0 " + std::to_string(value.size()) + "|" + value + "|incr n 1"),
              "STORED|13|")
        << value;
  }
}

TEST(ClassicArithmetic, Counts) {
  Conversation ask;
  ask("set a 0 0 1|5|incr a 1|incr a 1|decr a 1|incr m 1|decr m 1|decr m 1");
  ask("set b 0 0 1|b|incr b 1");
  EXPECT_EQ(ask.stat("incr_hits"), "2");
  EXPECT_EQ(ask.stat("decr_hits"), "1");
  EXPECT_EQ(ask.stat("incr_misses"), "1");
  EXPECT_EQ(ask.stat("decr_misses"), "2");
}

TEST(MetaArithmetic, ModesAndDeltas) {
  Conversation ask;
  EXPECT_EQ(ask("set n 1 0 2|10|ma n|ma n v"), "STORED|HD|VA 2|12|");
  EXPECT_EQ(ask("ma n MI v|ma n M+ v|ma n Mi v|ma n MD v|ma n M- v D5|ma n Md v"),
            "VA 2|13|VA 2|14|VA 2|15|VA 2|14|VA 1|9|VA 1|8|");
  EXPECT_EQ(ask("ma n D100 v|ma n MD D200 v"), "VA 3|108|VA 1|0|");
  EXPECT_EQ(ask("ma n MX"), "CLIENT_ERROR invalid mode for ma M token|");
}

TEST(MetaArithmetic, ReturnFlags) {
  Conversation ask;
  ask("set n 1 0 2|10");
  EXPECT_EQ(ask("ma n v t E77 c k O1"), "VA 2 t-1 c77 kn O1|11|");
  EXPECT_EQ(ask("ma n T30 t"), "HD t30|");
  EXPECT_EQ(ask("ma n t v T0"), "VA 2 t-1|13|");
  EXPECT_EQ(ask("ma bg== b k v"), "VA 2 kbg== b|14|");
}

TEST(MetaArithmetic, Misses) {
  Conversation ask;
  EXPECT_EQ(ask("ma miss|ma miss k O1|ma miss q k|mn"), "NF|NF kmiss O1|MN|");
}

TEST(MetaArithmetic, Vivify) {
  Conversation ask;
  EXPECT_EQ(ask("ma a N0 v t k|ma a v"), "VA 1 t-1 ka|0|VA 1|1|");
  EXPECT_EQ(ask("ma b N30 J13 v t|ma b N30 J13 v t"), "VA 2 t30|13|VA 2 t30|14|");
  EXPECT_EQ(ask("ma c N30 J13 D5 MD E9 c|mg c c v"), "HD c9|VA 2 c9|13|");
  EXPECT_EQ(ask("ma d N30 q|ma d N30 q|ma e N30 J7 v q|mn"), "HD|VA 1|7|MN|");
  EXPECT_EQ(ask.stat("incr_misses"), "0");
}

TEST(MetaArithmetic, QuietHidesSuccess) {
  Conversation ask;
  EXPECT_EQ(ask("set n 1 0 2|10|ma n q k O1|ma n q v|ma n C1 q|mg n v"), "STORED|EX|VA 2|12|");
}

TEST(MetaArithmetic, CasCompare) {
  Conversation ask;
  EXPECT_EQ(ask("ms n 2 E50|10|ma n C49 v k|ma n C50 E60 v c|ma n C0 v"),
            "HD|EX kn|VA 2 c60|11|VA 2|12|");
}

TEST(MetaArithmetic, NonNumeric) {
  Conversation ask;
  EXPECT_EQ(ask("set s 0 0 1|a|ma s q k O1"), "STORED|" + std::string(kNonNumericLine));
}

}  // namespace
}  // namespace ember::server::command
