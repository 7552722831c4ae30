// SPDX-License-Identifier: BSD-3-Clause
// Parser: lines, values and batches, at every way to cut the input.
#include "protocol/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/protocol/parser_cases.h"

namespace ember::protocol {
namespace {

using testing::expect_all;
using testing::kBadLine;
using testing::kLongest;
using testing::kOptions;
using testing::kTooLong;
using testing::repeated;

TEST(ParserTest, RetrievalLines) {
  expect_all({
      {"get a\r\n", "get a|get_end"},
      {"get a\n", "get a|get_end"},
      {"get a b\r\nget c\r\n", "get a|get b|get_end|get c|get_end"},
      {"  get  a   b  \r\n", "get a|get b|get_end"},
      {"gets a b c d e\r\n", "gets a|gets b|gets c|gets d|gets e|get_end"},
      {"gat 10 a b\r\n", "gat a t10|gat b t10|get_end"},
      {"gats -1 a\r\n", "gats a t-1|get_end"},
      {"gat 0\r\n", "get_end"},
      {"gat\r\n", "!ERROR"},
      {"gat x a\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"get\r\n", "!ERROR"},
      {"get \r\n", "!ERROR"},
      {"get a\r\r\n", "get a\r|get_end"},
      {"get a\tb\r\n", "get a\tb|get_end"},
      {"get " + kLongest + "\r\n", "get " + kLongest + "|get_end"},
      {"get " + kTooLong + "\r\n", kBadLine},
      {"get a " + kTooLong + " b\r\nget c\r\n", kBadLine + "|get c|get_end"},
      {"gat 1 a " + kTooLong + "\r\n", kBadLine},
      {"get a noreply\r\n", "get a|get noreply|get_end"},
  });
}

TEST(ParserTest, RetrievalLinesLongerThanTheBoundStream) {
  const std::string keys = repeated("key ", 700);
  const std::string got = repeated("get key|", 700);
  expect_all({
      {"get " + keys + "\r\n", got + "get_end"},
      {"get " + keys + "last\r\n", got + "get last|get_end"},
      {"gat 7 " + keys + "\n", repeated("gat key t7|", 700) + "get_end"},
      {"get " + keys + kLongest + "\r\nmn\r\n", got + "get " + kLongest + "|get_end|mn"},
      {"get " + keys + kTooLong + " " + keys + "\r\nmn\r\n", got + kBadLine + "|mn"},
      {"get " + std::string(3000, ' ') + "\r\n", "close"},
      {"get " + std::string(3000, 'k') + "\r\nmn\r\n", kBadLine + "|mn"},
      {"gat " + std::string(3000, '1') + "\r\nmn\r\n", "close"},
  });
}

TEST(ParserTest, OtherLinesLongerThanTheBoundClose) {
  expect_all({
      {"mn\r\n" + std::string(2049, 'x'), "mn|close"},
      {std::string(2048, 'x') + "\nmn\r\n", "!ERROR|mn"},
      {std::string(2049, 'x') + "\nmn\r\n", "close"},
      {"set " + std::string(3000, 'k') + " 0 0 1\r\n", "close"},
      {"mg a " + repeated("v ", 2000) + "\r\n", "close"},
  });
}

TEST(ParserTest, ValuesWithoutTheirTerminatorResynchroniseAsMemcached) {
  const std::string bad = "!CLIENT_ERROR bad data chunk";
  expect_all({
      {"set a 0 0 1\r\n12\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1\r\n1mn\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1\r\n1\rxmn\r\nmn\r\n", bad + "|mn|mn"},
      {"set a 0 0 1\r\n1\nmn\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1 noreply\r\n12\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 8\r\n1234567890mn\r\n", bad + "|mn"},
      {"ms a 8 q\r\n1234567890mn\r\n", bad + "|mn"},
  });
}

TEST(ParserTest, AValueLargerThanIsWaitedForIsHandedOver) {
  Parser parser(kOptions);
  std::vector<Command> out(4);
  const std::string input = "mn\r\nset a 7 0 6\r\n12";
  const Parser::Step step = parser.parse(input, out);
  EXPECT_EQ(step.stop, Parser::Stop::value);
  EXPECT_EQ(step.count, 1U);
  EXPECT_EQ(input.substr(step.consumed), "12");
  EXPECT_EQ(out[1].verb, Verb::set);
  EXPECT_EQ(out[1].key, "a");
  EXPECT_EQ(out[1].value_size, 6U);
  EXPECT_FALSE(out[1].value_complete);
  // The session moved the value and its terminator itself.
  EXPECT_EQ(parser.parse(std::string_view("mn\r\n"), out).count, 1U);
}

TEST(ParserTest, ASmallerValueIsWaitedFor) {
  Parser parser(kOptions);
  std::vector<Command> out(4);
  const Parser::Step step = parser.parse(std::string_view("set a 7 0 5\r\n12345\r"), out);
  EXPECT_EQ(step.stop, Parser::Stop::more_input);
  EXPECT_EQ(step.consumed, 0U);
  EXPECT_EQ(step.count, 0U);
}

TEST(ParserTest, ABatchEndsWhenItsRoomDoes) {
  Parser parser(kOptions);
  std::vector<Command> out(2);
  const std::string input = "get a\r\nmn\r\n";
  const Parser::Step step = parser.parse(input, out);
  EXPECT_EQ(step.stop, Parser::Stop::batch_full);
  EXPECT_EQ(step.count, 2U);
  EXPECT_EQ(input.substr(step.consumed), "mn\r\n");
}

TEST(ParserTest, AnEndlessLineClosesOnceItIsLongerThanTheBound) {
  Parser parser({});
  std::vector<Command> out(2);
  const std::string line(2049, 'x');
  EXPECT_EQ(parser.parse(std::string_view(line).substr(1), out).stop, Parser::Stop::more_input);
  EXPECT_EQ(parser.parse(line, out).stop, Parser::Stop::close);
}

}  // namespace
}  // namespace ember::protocol
