// SPDX-License-Identifier: BSD-3-Clause
// request_line (classic_line, meta_line): what follows a line, and that a command reused for
// another keeps nothing. The error lines themselves are in classic_line_test and meta_line_test.
#include "protocol/request_line.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::protocol {
namespace {

char scratch[kMaxKeySize];

Line parse(std::string_view text, Command& command) {
  const char* end = text.data() + text.size();
  Words words(text.data(), end, end);
  const Verb verb = verb_of(words.next(), end);
  return verb >= Verb::mg && verb <= Verb::me ? parse_meta_line(verb, words, command, scratch)
                                              : parse_classic_line(verb, words, command);
}

TEST(RequestLineTest, WhatFollows) {
  const struct {
    std::string_view text;
    Line follows;
    uint64_t value_size;
  } kCases[] = {
      {"get a", Line::retrieval, 0},
      {"gat 0", Line::retrieval, 0},
      {"gat x", Line::complete, 0},
      {"set a 0 0 5", Line::storage, 5},
      {"set a x 0 5", Line::refused_value, 5},
      {"set a 0 0 x", Line::complete, 0},
      {"set a 0 0 2147483645", Line::storage, 2147483645},
      {"set a 0 0 2147483646", Line::complete, 0},
      {"set a 0 0", Line::complete, 0},
      {"ms a 5", Line::storage, 5},
      {"ms a 5 !", Line::refused_value, 5},
      {"ms a x", Line::complete, 0},
      {"mg a", Line::complete, 0},
      {"incr a 1", Line::complete, 0},
      {"nothing", Line::complete, 0},
  };
  for (const auto& one : kCases) {
    Command command;
    EXPECT_EQ(parse(one.text, command), one.follows) << one.text;
    EXPECT_EQ(command.value_size, one.value_size) << one.text;
  }
}

TEST(RequestLineTest, ACommandReusedKeepsNothing) {
  Command command;
  ASSERT_EQ(parse("cas a 1 2 3 4 noreply", command), Line::storage);
  command.value = "abc";
  command.value_complete = true;
  ASSERT_EQ(parse("stats items", command), Line::complete);
  EXPECT_EQ(command.verb, Verb::stats);
  EXPECT_EQ(command.arguments, "items");
  EXPECT_TRUE(command.key.empty() && command.key_text.empty() && command.value.empty());
  EXPECT_FALSE(command.noreply || command.value_complete);
  EXPECT_EQ(command.client_flags + command.number + command.value_size, 0U);
  EXPECT_EQ(command.exptime, 0);
  ASSERT_EQ(parse("bogus", command), Line::complete);
  EXPECT_EQ(command.verb, Verb::invalid);
  EXPECT_EQ(command.error, "ERROR");
  ASSERT_EQ(parse("version", command), Line::complete);
  EXPECT_TRUE(command.error.empty() && command.arguments.empty());
}

TEST(RequestLineTest, ABase64KeyIsDecodedToScratch) {
  Command command;
  parse("mg YWJj b", command);
  EXPECT_EQ(command.key.data(), scratch);
  EXPECT_EQ(command.key, "abc");
  EXPECT_EQ(command.key_text, "YWJj");
  parse("mg YWJj k", command);
  EXPECT_EQ(command.key, "YWJj");
}

}  // namespace
}  // namespace ember::protocol
