// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: kinds and words; nothing comes out before all of it is in.
#include "protocol/reply_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ember::protocol {
namespace {

using Stop = ReplyParser::Stop;

constexpr ReplyParser::Options kReplyOptions{.max_line_size = 64, .max_buffered_value = 16};

/// The reply of `input`, after every shorter part of it proved too short.
Reply parse(std::string_view input) {
  Reply reply;
  ReplyParser parser(kReplyOptions);
  for (size_t size = 0; size < input.size(); ++size) {
    const auto step = parser.parse(input.substr(0, size), reply);
    EXPECT_EQ(step.stop, Stop::more_input) << input << " at " << size;
    EXPECT_EQ(step.consumed, 0U);
  }
  const auto step = parser.parse(input, reply);
  EXPECT_EQ(step.stop, Stop::reply) << input;
  EXPECT_EQ(step.consumed, input.size());
  return reply;
}

TEST(ReplyParserTest, KindsOfLines) {
  const struct {
    std::string_view input;
    ReplyKind kind;
    std::string_view arguments;
  } kCases[] = {
      {"END\r\n", ReplyKind::end, ""},
      {"STORED\r\n", ReplyKind::stored, ""},
      {"NOT_STORED\r\n", ReplyKind::not_stored, ""},
      {"EXISTS\r\n", ReplyKind::exists, ""},
      {"NOT_FOUND\r\n", ReplyKind::not_found, ""},
      {"DELETED\r\n", ReplyKind::deleted, ""},
      {"TOUCHED\r\n", ReplyKind::touched, ""},
      {"OK\n", ReplyKind::ok, ""},
      {"RESET\r\n", ReplyKind::reset, ""},
      {"VERSION 1.6.18\r\n", ReplyKind::version, "1.6.18"},
      {"ERROR\r\n", ReplyKind::error, ""},
      {"CLIENT_ERROR bad data chunk\r\n", ReplyKind::client_error, "bad data chunk"},
      {"SERVER_ERROR out of memory\r\n", ReplyKind::server_error, "out of memory"},
      {"HD k1 O2\r\n", ReplyKind::meta_done, "k1 O2"},
      {"EN\r\n", ReplyKind::meta_miss, ""},
      {"NF\r\n", ReplyKind::meta_not_found, ""},
      {"NS\r\n", ReplyKind::meta_not_stored, ""},
      {"EX c7\r\n", ReplyKind::meta_exists, "c7"},
      {"MN\r\n", ReplyKind::meta_noop, ""},
      {"VALUES\r\n", ReplyKind::other, ""},
      {"\r\n", ReplyKind::other, ""},
  };
  for (const auto& one : kCases) {
    const Reply reply = parse(one.input);
    EXPECT_EQ(reply.kind, one.kind) << one.input;
    EXPECT_EQ(reply.arguments, one.arguments) << one.input;
  }
}

TEST(ReplyParserTest, Values) {
  const Reply plain = parse("VALUE key 7 3\r\nabc\r\n");
  EXPECT_EQ(plain.kind, ReplyKind::value);
  EXPECT_EQ(plain.key, "key");
  EXPECT_EQ(plain.client_flags, 7U);
  EXPECT_EQ(plain.value, "abc");
  EXPECT_FALSE(plain.has_cas);
  const Reply with_cas = parse("VALUE key 0 2 18446744073709551615\r\n\r\n\r\n");
  EXPECT_TRUE(with_cas.has_cas);
  EXPECT_EQ(with_cas.number, UINT64_MAX);
  EXPECT_EQ(with_cas.value, "\r\n");
  const Reply meta = parse("VA 3 f7 kkey\r\nabc\r\n");
  EXPECT_EQ(meta.kind, ReplyKind::meta_value);
  EXPECT_EQ(meta.arguments, "f7 kkey");
  EXPECT_EQ(meta.value, "abc");
}

TEST(ReplyParserTest, NumbersStatsAndDebug) {
  const Reply number = parse("42\r\n");
  EXPECT_EQ(number.kind, ReplyKind::number);
  EXPECT_EQ(number.number, 42U);
  const Reply stat = parse("STAT name a value\r\n");
  EXPECT_EQ(stat.kind, ReplyKind::stat);
  EXPECT_EQ(stat.key, "name");
  EXPECT_EQ(stat.arguments, "a value");
  const Reply debug = parse("ME key exp=-1 la=0\r\n");
  EXPECT_EQ(debug.kind, ReplyKind::meta_debug);
  EXPECT_EQ(debug.key, "key");
  EXPECT_EQ(debug.arguments, "exp=-1 la=0");
}

/// What comes out of `input`, given in parts of `size` bytes: replies, values put together again.
std::string read_all(std::string_view input, size_t size) {
  ReplyParser parser(kReplyOptions);
  Reply reply;
  std::string out;
  std::string value;
  std::string pending;
  while (true) {
    const auto step = parser.parse(pending, reply);
    switch (step.stop) {
      case Stop::more_input:
        if (input.empty()) {
          return out + (pending.empty() ? "" : " left");
        }
        break;
      case Stop::broken:
        return out + " broken";
      case Stop::value_begins:
        EXPECT_TRUE(parser.in_value());
        EXPECT_GT(reply.value_size, kReplyOptions.max_buffered_value);
        out += " begins";
        break;
      case Stop::value_part:
        EXPECT_TRUE(reply.line.empty() && !reply.value.empty());
        value += reply.value;
        break;
      case Stop::reply:
        EXPECT_FALSE(parser.in_value());
        value += reply.value;
        EXPECT_EQ(value.size(), reply.value_size);
        out += " " + std::to_string(static_cast<int>(reply.kind)) + ":" +
               std::to_string(reply.client_flags) + ":" + std::to_string(reply.number) + ":" +
               std::exchange(value, {});
        break;
    }
    pending.erase(0, step.consumed);
    if (step.stop == Stop::more_input) {
      pending += input.substr(0, size);
      input.remove_prefix(std::min(size, input.size()));
    }
  }
}

TEST(ReplyParserTest, LargeValuesComeInParts) {
  const std::string value = "a value\r\nthat is larger than sixteen bytes\r\n";
  const std::string size = std::to_string(value.size());
  const std::string input = "VALUE k 7 " + size + " 9\r\n" + value + "\r\nEND\r\nVA " + size +
                            " kx\r\n" + value + "\r\nHD\r\nVALUE k 1 2\r\n\r\n\r\n";
  const auto text = [](ReplyKind kind, const std::string& rest) {
    return " " + std::to_string(static_cast<int>(kind)) + ":" + rest;
  };
  const std::string begins = " begins";
  for (size_t part = 1; part < 40; ++part) {
    EXPECT_EQ(read_all(input, part),
              begins + text(ReplyKind::value, "7:9:" + value) + text(ReplyKind::end, "0:0:") +
                  begins + text(ReplyKind::meta_value, "0:0:" + value) +
                  text(ReplyKind::meta_done, "0:0:") + text(ReplyKind::value, "1:0:\r\n"))
        << part;
  }
  // All there at once: whole.
  EXPECT_EQ(read_all(input, input.size()).find("begins"), std::string::npos);
}

TEST(ReplyParserTest, APartedValueWithoutItsLineEndBreaks) {
  const std::string value(20, 'v');
  for (const std::string_view end : {"\n\r", "\rx", "xx"}) {
    const std::string input = "VALUE k 0 20\r\n" + value + std::string(end);
    for (size_t part = 1; part < input.size(); ++part) {
      EXPECT_TRUE(read_all(input, part).ends_with(" broken")) << part;
    }
  }
}

TEST(ReplyParserTest, KnowsTheEndOfAnAnswer) {
  EXPECT_FALSE(ends_answer(Verb::get, ReplyKind::value));
  EXPECT_TRUE(ends_answer(Verb::gats, ReplyKind::end));
  EXPECT_TRUE(ends_answer(Verb::get, ReplyKind::server_error));
  EXPECT_FALSE(ends_answer(Verb::stats, ReplyKind::stat));
  EXPECT_TRUE(ends_answer(Verb::stats, ReplyKind::reset));
  EXPECT_TRUE(ends_answer(Verb::mg, ReplyKind::meta_value));
  EXPECT_TRUE(ends_answer(Verb::set, ReplyKind::stored));
}

TEST(ReplyParserTest, WhatIsNoReplyBreaks) {
  Reply reply;
  for (const std::string_view input :
       {"VALUE a 0 x\r\n", "VALUE a 0\r\n", "VALUE a 4294967296 1\r\n1\r\n",
        "VALUE a 0 1 x\r\n1\r\n", "VALUE a 0 3\r\nabcd\r\n", "VALUE a 0 9223372036854775808\r\n",
        "VA\r\n", "VA -1\r\n"}) {
    EXPECT_EQ(ReplyParser(kReplyOptions).parse(input, reply).stop, Stop::broken) << input;
  }
  EXPECT_EQ(ReplyParser(kReplyOptions).parse(std::string(64, 'x'), reply).stop, Stop::more_input);
  EXPECT_EQ(ReplyParser(kReplyOptions).parse(std::string(65, 'x'), reply).stop, Stop::broken);
}

}  // namespace
}  // namespace ember::protocol
