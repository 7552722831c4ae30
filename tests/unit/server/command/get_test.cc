// SPDX-License-Identifier: BSD-3-Clause
// get, gets, gat, gats, touch. The expected bytes are those of memcached 1.6.18.
#include "server/command/get.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(Retrieval, GetsWhatWasSet) {
  Conversation ask;
  EXPECT_EQ(ask("set a 5 0 3|abc"), "STORED|");
  EXPECT_EQ(ask("get a"), "VALUE a 5 3|abc|END|");
  EXPECT_EQ(ask("get b"), "END|");
  EXPECT_EQ(ask("get b a b a"), "VALUE a 5 3|abc|VALUE a 5 3|abc|END|");
  EXPECT_EQ(ask("set e 4294967295 0 0|"), "STORED|");
  EXPECT_EQ(ask("get e"), "VALUE e 4294967295 0||END|");
}

TEST(Retrieval, KeepsBytesAsTheyAre) {
  Conversation ask;
  std::string value;
  for (int i = 0; i < 512; ++i) {
    value += static_cast<char>(i);
  }
  EXPECT_EQ(ask.raw("set a 0 0 512\r\n" + value + "\r\n"), "STORED\r\n");
  EXPECT_EQ(ask.raw("get a\r\n"), "VALUE a 0 512\r\n" + value + "\r\nEND\r\n");
}

TEST(Retrieval, GetsShowsTheCas) {
  Conversation ask;
  ask("set a 0 0 1|1");
  const std::string first = ask("gets a");
  EXPECT_TRUE(first.starts_with("VALUE a 0 1 ")) << first;
  EXPECT_EQ(ask("gets a"), first);
  ask("set a 0 0 1|1");
  EXPECT_NE(ask("gets a"), first);
}

TEST(Retrieval, WithoutCasAllAreZero) {
  Conversation ask({.handler = {.use_cas = false}});
  ask("set a 0 0 1|1");
  EXPECT_EQ(ask("gets a"), "VALUE a 0 1 0|1|END|");
  EXPECT_EQ(ask("cas a 0 0 1 0|2"), "EXISTS|");
}

TEST(Retrieval, LongLines) {
  Conversation ask;
  std::string line = "get";
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    if (i % 3 != 0) {
      ask("set key" + number + " 0 0 3|abc");
      expected += "VALUE key" + number + " 0 3|abc|";
    }
    line += " key" + number;
  }
  EXPECT_EQ(ask(line), expected + "END|");
}

TEST(Retrieval, ExpiredItemsAreMisses) {
  Conversation ask;
  ask("set now 0 -1 1|1|set soon 0 100 1|2|set never 0 0 1|3");
  EXPECT_EQ(ask("get now soon never"), "VALUE soon 0 1|2|VALUE never 0 1|3|END|");
  ask.clock.advance(101);
  EXPECT_EQ(ask("get now soon never"), "VALUE never 0 1|3|END|");
  EXPECT_EQ(ask.stat("get_expired"), "3");
}

TEST(Retrieval, TouchSetsTheExpiry) {
  Conversation ask;
  EXPECT_EQ(ask("touch a 10"), "NOT_FOUND|");
  ask("set a 0 10 1|1");
  EXPECT_EQ(ask("touch a 1000"), "TOUCHED|");
  ask.clock.advance(500);
  EXPECT_EQ(ask("get a"), "VALUE a 0 1|1|END|");
  EXPECT_EQ(ask("touch a 0 noreply|mg a t"), "HD t-1|");
  EXPECT_EQ(ask("touch a -1|get a"), "TOUCHED|END|");
}

TEST(Retrieval, GatTouchesWhatItGets) {
  Conversation ask;
  ask("set a 1 10 2|ab|set b 2 10 2|cd");
  EXPECT_EQ(ask("gat 1000 a miss b"), "VALUE a 1 2|ab|VALUE b 2 2|cd|END|");
  EXPECT_TRUE(ask("gats 1000 a").starts_with("VALUE a 1 2 "));
  ask.clock.advance(500);
  EXPECT_EQ(ask("get a b"), "VALUE a 1 2|ab|VALUE b 2 2|cd|END|");
  EXPECT_EQ(ask("gat -1 a|get a"), "VALUE a 1 2|ab|END|END|");
}

TEST(Retrieval, Counts) {
  Conversation ask;
  ask("set a 0 0 1|5");
  ask("get a a m|gets a|gat 0 a|gats 0 m|touch a 0|touch m 0");
  EXPECT_EQ(ask.stat("cmd_get"), "4");
  EXPECT_EQ(ask.stat("get_hits"), "3");
  EXPECT_EQ(ask.stat("get_misses"), "1");
  EXPECT_EQ(ask.stat("cmd_touch"), "4");
  EXPECT_EQ(ask.stat("touch_hits"), "2");
  EXPECT_EQ(ask.stat("touch_misses"), "2");
}

TEST(Retrieval, TakesBackTheAnswersOfALineThatTurnsOutBad) {
  Conversation ask;
  ask("set a 0 0 1|1");
  const std::string long_key(251, 'y');
  EXPECT_EQ(ask("mn|get a " + long_key + " a|mn"), "MN|CLIENT_ERROR bad command line format|MN|");
}

}  // namespace
}  // namespace ember::server::command
