// SPDX-License-Identifier: BSD-3-Clause
// A storage command in two halves (server/command/streamed_set.cc). What it answers in every mode
// is in set_test.cc and binary_commands_test.cc.
#include "server/command/streamed_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

constexpr size_t kSize = 50'000;

class StreamedSetTest : public testing::Test {
 protected:
  static protocol::Command command_of(protocol::Verb verb, std::string_view key) {
    protocol::Command command;
    command.verb = verb;
    command.key = command.key_text = key;
    command.value_size = kSize;
    command.value_complete = true;
    return command;
  }

  static void fill(protocol::IncomingValue& value, char byte) {
    for (std::span<char> room = value.next(); !room.empty(); room = value.next()) {
      std::ranges::fill(room, byte);
      value.advance(room.size());
    }
  }

  std::string finish(const protocol::Command& command,
                     std::unique_ptr<protocol::IncomingValue> value) {
    const protocol::Progress progress =
        ask_.handler().finish_value(ask_.client, command, std::move(value), ask_.reply());
    EXPECT_EQ(progress.executed, 1U);
    return with_bars(ask_.take_reply());
  }

  Conversation ask_;
};

TEST_F(StreamedSetTest, TheCommandsViewsMayMoveInBetween) {
  for (const protocol::Verb verb : {protocol::Verb::set, protocol::Verb::append}) {
    std::string first = "key";
    protocol::Command command = command_of(verb, first);
    auto value = ask_.handler().begin_value(ask_.client, command, ask_.reply());
    ASSERT_NE(value, nullptr);
    const std::string second = std::exchange(first, "???");
    fill(*value, 'x');
    command.key = command.key_text = second;
    EXPECT_EQ("STORED|", finish(command, std::move(value)));
  }
  EXPECT_EQ("HD s100000|", ask_("mg key s"));
  EXPECT_EQ("2", ask_.stat("cmd_set"));
}

TEST_F(StreamedSetTest, ItsExpiryCountsFromItsLine) {
  protocol::Command command = command_of(protocol::Verb::set, "key");
  command.exptime = 10;
  auto value = ask_.handler().begin_value(ask_.client, command, ask_.reply());
  ASSERT_NE(value, nullptr);
  fill(*value, 'x');
  ask_.clock.advance(4);
  EXPECT_EQ("STORED|", finish(command, std::move(value)));
  EXPECT_EQ("HD t6|", ask_("mg key t"));
}

TEST_F(StreamedSetTest, AWrongTerminatorDropsTheValue) {
  protocol::Command command = command_of(protocol::Verb::set, "key");
  auto value = ask_.handler().begin_value(ask_.client, command, ask_.reply());
  ASSERT_NE(value, nullptr);
  fill(*value, 'x');
  command.value_complete = false;
  EXPECT_EQ("CLIENT_ERROR bad data chunk|", finish(command, std::move(value)));
  EXPECT_EQ("EN|", ask_("mg key"));
}

}  // namespace
}  // namespace ember::server::command
