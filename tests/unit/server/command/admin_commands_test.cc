// SPDX-License-Identifier: BSD-3-Clause
// Commands without a key. The expected bytes are those of memcached 1.6.18.
#include "server/command/admin_commands.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(AdminCommands, FlushAll) {
  Conversation ask;
  EXPECT_EQ(ask("set a 0 0 1|1|flush_all|get a"), "STORED|OK|END|");
  EXPECT_EQ(ask("set a 0 0 1|1|get a"), "STORED|VALUE a 0 1|1|END|");
  EXPECT_EQ(ask("flush_all noreply|get a"), "END|");
  EXPECT_EQ(ask("set a 0 0 1|1|flush_all -10|get a"), "STORED|OK|END|");
  EXPECT_EQ(ask("flush_all foo"), "CLIENT_ERROR invalid exptime argument|");
  EXPECT_EQ(ask("flush_all 1 2 3"), "ERROR|");
  EXPECT_EQ(ask.stat("cmd_flush"), "3");
  EXPECT_EQ(ask.stat("get_flushed"), "3");
}

TEST(AdminCommands, FlushAllLater) {
  Conversation ask;
  EXPECT_EQ(ask("set a 0 0 1|1|flush_all 100|get a"), "STORED|OK|VALUE a 0 1|1|END|");
  ask.clock.advance(102);
  EXPECT_EQ(ask("get a"), "END|");
  EXPECT_EQ(ask("set a 0 0 1|1|get a"), "STORED|VALUE a 0 1|1|END|");
}

TEST(AdminCommands, FlushAllCanBeForbidden) {
  Conversation ask({.handler = {.flush_enabled = false}});
  EXPECT_EQ(ask("set a 0 0 1|1|flush_all|flush_all noreply|get a"),
            "STORED|CLIENT_ERROR flush_all not allowed|VALUE a 0 1|1|END|");
}

TEST(AdminCommands, Version) {
  Conversation ask({.handler = {.version = "1.2.3"}});
  EXPECT_EQ(ask("version|version x"), "VERSION 1.2.3|VERSION 1.2.3|");
}

TEST(AdminCommands, Verbosity) {
  std::vector<uint64_t> levels;
  Conversation ask(
      {.handler = {.set_verbosity = [&levels](uint64_t level) { levels.push_back(level); }}});
  EXPECT_EQ(ask("verbosity 1|verbosity 2 noreply|verbosity 0"), "OK|OK|");
  EXPECT_EQ(ask("verbosity|verbosity foo|verbosity -1|verbosity 1 2 3|verbosity noreply"),
            "ERROR|CLIENT_ERROR bad command line format|CLIENT_ERROR bad command line format|"
            "ERROR|");
  EXPECT_EQ(levels, (std::vector<uint64_t>{1, 2, 0}));
}

TEST(AdminCommands, QuitCloses) {
  Conversation ask;
  EXPECT_EQ(ask("mn|quit|mn"), "MN|");
  EXPECT_TRUE(ask.closed());
}

TEST(AdminCommands, ShutdownNeedsToBeEnabled) {
  Conversation ask;
  EXPECT_EQ(ask("shutdown|shutdown graceful|shutdown foo"),
            "ERROR: shutdown not enabled|ERROR: shutdown not enabled|"
            "ERROR: shutdown not enabled|");
}

TEST(AdminCommands, Shutdown) {
  std::optional<bool> graceful;
  const auto shut_down = [&graceful](bool asked) { graceful = asked; };
  Conversation ask({.handler = {.shutdown_enabled = true, .shut_down = shut_down}});
  EXPECT_EQ(ask("shutdown foo|shutdown graceful foo"),
            "CLIENT_ERROR invalid shutdown mode|CLIENT_ERROR invalid shutdown mode|");
  EXPECT_EQ(graceful, std::nullopt);
  EXPECT_EQ(ask("shutdown"), "");
  EXPECT_EQ(graceful, false);
  EXPECT_TRUE(ask.closed());
  EXPECT_EQ(ask("shutdown graceful"), "");
  EXPECT_EQ(graceful, true);
}

TEST(AdminCommands, WhatIsNotThere) {
  Conversation ask({.handler = {.watch_enabled = false}});
  EXPECT_EQ(ask("watch|watch fetchers"),
            "CLIENT_ERROR watch commands not allowed|CLIENT_ERROR watch commands not allowed|");
  EXPECT_EQ(ask("refresh_certs|debugtime 1"), "Error TLS not enabled|ERROR|");
  EXPECT_EQ(ask("foo|get"), "ERROR|ERROR|");
}

}  // namespace
}  // namespace ember::server::command
