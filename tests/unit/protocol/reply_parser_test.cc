// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: kinds and words; nothing comes out before all of it is in.
#include "protocol/reply_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace ember::protocol {
namespace {

using Stop = ReplyParser::Stop;

const ReplyParser kParser({.max_line_size = 64, .max_buffered_value = 16});

/// The reply of `input`, after every shorter piece of it proved too short.
Reply parse(std::string_view input) {
  Reply reply;
  for (size_t size = 0; size < input.size(); ++size) {
    const auto step = kParser.parse(input.substr(0, size), reply);
    EXPECT_EQ(step.stop, Stop::more_input) << input << " at " << size;
    EXPECT_EQ(step.consumed, 0U);
  }
  const auto step = kParser.parse(input, reply);
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

TEST(ReplyParserTest, ALargeValueIsHandedOver) {
  Reply reply;
  const std::string_view input = "VALUE a 0 17\r\nabc";
  const auto step = kParser.parse(input, reply);
  EXPECT_EQ(step.stop, Stop::value);
  EXPECT_EQ(input.substr(step.consumed), "abc");
  EXPECT_EQ(reply.value_size, 17U);
}

TEST(ReplyParserTest, WhatIsNoReplyBreaks) {
  Reply reply;
  for (const std::string_view input :
       {"VALUE a 0 x\r\n", "VALUE a 0\r\n", "VALUE a 4294967296 1\r\n1\r\n",
        "VALUE a 0 1 x\r\n1\r\n", "VALUE a 0 3\r\nabcd\r\n", "VALUE a 0 9223372036854775808\r\n",
        "VA\r\n", "VA -1\r\n"}) {
    EXPECT_EQ(kParser.parse(input, reply).stop, Stop::broken) << input;
  }
  EXPECT_EQ(kParser.parse(std::string(64, 'x'), reply).stop, Stop::more_input);
  EXPECT_EQ(kParser.parse(std::string(65, 'x'), reply).stop, Stop::broken);
}

}  // namespace
}  // namespace ember::protocol
