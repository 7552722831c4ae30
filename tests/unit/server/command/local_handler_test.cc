// SPDX-License-Identifier: BSD-3-Clause
// LocalHandler: batches, bounds, and that nothing depends on how requests are grouped.
#include "server/command/local_handler.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(LocalHandler, CommandsOfABatchSeeThoseBeforeThem) {
  Conversation ask;
  std::string input;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i % 7);
    const std::string value = std::to_string(1000 + i);
    input += "set " + key + " 0 0 4|" + value + "|get " + key + "|delete " + key + "|get " + key;
    input += "|";
    expected += "STORED|VALUE " + key + " 0 4|" + value + "|END|DELETED|END|";
  }
  EXPECT_EQ(ask(input + "mn"), expected + "MN|");
}

TEST(LocalHandler, StopsAtTheBoundOfTheReply) {
  Conversation ask({.handler = {.max_reply_size = 1000}});
  ask("set a 0 0 500|" + std::string(500, 'v'));
  const protocol::Progress first = ask.execute("get a a a a|mn");
  EXPECT_EQ(first.next, protocol::Next::ready);
  EXPECT_EQ(first.executed, 2U);
  EXPECT_EQ(ask.execute("mn").executed, 0U) << "nothing is begun while the reply is large";
  EXPECT_EQ(ask.take_reply().size(), 2 * (500 + std::string_view("VALUE a 0 500\r\n\r\n").size()));
  EXPECT_EQ(ask.execute("mn").executed, 1U);
}

TEST(LocalHandler, QuitEndsTheBatch) {
  Conversation ask;
  const protocol::Progress progress = ask.execute("mn|quit|mn");
  EXPECT_EQ(progress.executed, 2U);
  EXPECT_EQ(progress.next, protocol::Next::close);
  EXPECT_EQ(ask.take_reply(), "MN\r\n");
}

TEST(LocalHandler, AnswersInvalidRequestsInTheirPlace) {
  Conversation ask;
  EXPECT_EQ(ask("set a 0 0 1|1|foo|get a|incr a x|get a"),
            "STORED|ERROR|VALUE a 0 1|1|END|CLIENT_ERROR invalid numeric delta argument|"
            "VALUE a 0 1|1|END|");
}

TEST(LocalHandler, DroppedValuesLeaveNothing) {
  Conversation ask;
  ask("set a 0 0 1|1");
  protocol::Command command;
  command.verb = protocol::Verb::set;
  command.key = command.key_text = "a";
  command.value_size = 50'000;
  auto value = ask.handler().begin_value(ask.client, command, ask.reply());
  ASSERT_NE(value, nullptr);
  ASSERT_FALSE(value->next().empty());
  value->next()[0] = 'x';
  value->advance(1);
  value.reset();
  ask.handler().forget(ask.client);
  EXPECT_EQ(ask("get a"), "VALUE a 0 1|1|END|");
  EXPECT_EQ(ask.stat("curr_items"), "1");
  EXPECT_EQ(ask.client.resumed, 0);
}

TEST(LocalHandler, AnnouncedSizesBeyondAllBoundsAreRefused) {
  Conversation ask;
  protocol::Command command;
  command.key = command.key_text = "a";
  command.value_size = uint64_t{1} << 40;
  for (const protocol::Verb verb :
       {protocol::Verb::set, protocol::Verb::append, protocol::Verb::cas}) {
    command.verb = verb;
    EXPECT_EQ(ask.handler().begin_value(ask.client, command, ask.reply()), nullptr);
    EXPECT_EQ(with_bars(ask.take_reply()), "SERVER_ERROR object too large for cache|");
  }
}

}  // namespace
}  // namespace ember::server::command
