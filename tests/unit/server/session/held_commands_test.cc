// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/held_commands.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::server::session {
namespace {

TEST(HeldCommands, OwnEveryByte) {
  std::string source = "the-key the-value Oopaque v";
  protocol::Command command;
  command.verb = protocol::Verb::mg;
  command.key = std::string_view(source).substr(0, 7);
  command.key_text = command.key;
  command.value = std::string_view(source).substr(8, 9);
  command.meta.text = std::string_view(source).substr(18);
  command.meta.opaque = std::string_view(source).substr(19, 6);
  const HeldCommands held(std::span(&command, 1), false);
  source.assign(source.size(), '#');
  const protocol::Command& copy = held.commands()[0];
  EXPECT_EQ("the-key", copy.key);
  EXPECT_EQ("the-key", copy.key_text);
  EXPECT_EQ("the-value", copy.value);
  EXPECT_EQ("Oopaque v", copy.meta.text);
  EXPECT_EQ("opaque", copy.meta.opaque);
}

TEST(HeldCommands, LeaveStaleMetaFlagsBehind) {
  protocol::Command command;
  command.verb = protocol::Verb::get;
  command.key = "k";
  command.meta.text = {reinterpret_cast<const char*>(8), 4};  // of an earlier command, long gone
  const HeldCommands held(std::span(&command, 1), false);
  EXPECT_EQ("", held.commands()[0].meta.text);
}

}  // namespace
}  // namespace ember::server::session
