// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/request_parser.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/unit/protocol/binary_request.h"

namespace ember::server::session {
namespace {

using protocol::Command;
using protocol::Verb;

/// The verb of the first command that `input` begins with.
Verb verb_of(RequestParser& parser, std::string_view input) {
  std::array<Command, 4> commands;
  const auto step = parser.parse(input, commands);
  return step.count > 0 ? commands[0].verb : Verb::invalid;
}

const std::string kBinaryNoop = protocol::testing::Request{.opcode = protocol::Opcode::noop};

TEST(RequestParser, TheFirstByteDecides) {
  RequestParser text;
  EXPECT_FALSE(text.chosen());
  text.choose(Dialect::by_first_byte, 'g', {});
  EXPECT_TRUE(text.chosen());
  EXPECT_FALSE(text.is_binary());
  EXPECT_EQ(Verb::version, verb_of(text, "version\r\n"));

  RequestParser binary;
  binary.choose(Dialect::by_first_byte, kBinaryNoop.front(), {});
  EXPECT_TRUE(binary.is_binary());
  EXPECT_EQ(Verb::noop, verb_of(binary, kBinaryNoop));
}

TEST(RequestParser, AListenerMayDecide) {
  RequestParser text;
  text.choose(Dialect::text, kBinaryNoop.front(), {});
  EXPECT_FALSE(text.is_binary());
  RequestParser binary;
  binary.choose(Dialect::binary, 'g', {});
  EXPECT_TRUE(binary.is_binary());
}

TEST(RequestParserDeathTest, DecidesOnce) {
  RequestParser parser;
  parser.choose(Dialect::text, 'g', {});
  EXPECT_DEATH(parser.choose(Dialect::binary, 'g', {}), "is decided once");
}

}  // namespace
}  // namespace ember::server::session
