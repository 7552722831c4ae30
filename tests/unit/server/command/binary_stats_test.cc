// SPDX-License-Identifier: BSD-3-Clause
// binary_stats: each line an answer, an empty one behind them, and failures in one.
#include "server/command/binary_stats.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/command/binary_talk.h"

namespace ember::server::command {
namespace {

using protocol::Opcode;
using protocol::testing::Request;

std::string stat(Conversation& with, std::string_view family) {
  return talk(with, Request{.opcode = Opcode::stat, .key = family});
}

TEST(BinaryStatsTest, EachLineIsAnAnswerAndTheLastIsEmpty) {
  Conversation with;
  EXPECT_EQ(stat(with, "settings"), "ok key maxbytes '67108864'|ok key maxconns '1024'|ok");
}

TEST(BinaryStatsTest, ThePlainFamilyIsThatOfText) {
  Conversation with;
  const std::string answers = stat(with, "");
  EXPECT_TRUE(answers.starts_with("ok key pid '")) << answers.substr(0, 100);
  EXPECT_NE(answers.find("|ok key curr_items '0'|"), std::string::npos);
  EXPECT_TRUE(answers.ends_with("|ok"));
}

TEST(BinaryStatsTest, WhatOnlyDoesSomethingIsOneEmptyAnswer) {
  Conversation with;
  EXPECT_EQ(stat(with, "reset"), "ok");
  EXPECT_EQ(with.stats.resets, 1);
  EXPECT_EQ(stat(with, "detail off"), "ok");
}

TEST(BinaryStatsTest, ADumpIsOneValue) {
  Conversation with;
  EXPECT_EQ(stat(with, "detail dump"), "ok key detailed 'END\r\n'|ok");
}

TEST(BinaryStatsTest, WhatIsNoFamilyIsNotFound) {
  Conversation with;
  EXPECT_EQ(stat(with, "nothing"), "!1 'Not found'");
  EXPECT_EQ(stat(with, "detail"), "!1 'Not found'");
  EXPECT_EQ(stat(with, "cachedump"), "!1 'Not found'");
}

}  // namespace
}  // namespace ember::server::command
