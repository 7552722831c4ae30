// SPDX-License-Identifier: BSD-3-Clause
// set, add, replace, append, prepend, cas; values that stream; what a failed one leaves behind. The
// expected bytes are those of memcached 1.6.18.
#include "server/command/set.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

/// The unique of `key` as gets shows it.
std::string cas_of(Conversation& ask, const std::string& key) {
  const std::string line = ask("mg " + key + " c");
  return line.substr(4, line.size() - 5);
}

TEST(StorageCommands, Modes) {
  Conversation ask;
  EXPECT_EQ(ask("replace a 0 0 1|1"), "NOT_STORED|");
  EXPECT_EQ(ask("append a 0 0 1|1"), "NOT_STORED|");
  EXPECT_EQ(ask("prepend a 0 0 1|1"), "NOT_STORED|");
  EXPECT_EQ(ask("add a 1 0 1|1"), "STORED|");
  EXPECT_EQ(ask("add a 2 0 1|2"), "NOT_STORED|");
  EXPECT_EQ(ask("get a"), "VALUE a 1 1|1|END|");
  EXPECT_EQ(ask("replace a 3 0 2|33"), "STORED|");
  EXPECT_EQ(ask("get a"), "VALUE a 3 2|33|END|");
  EXPECT_EQ(ask("append a 9 0 1|4|prepend a 9 0 1|2"), "STORED|STORED|");
  EXPECT_EQ(ask("get a"), "VALUE a 3 4|2334|END|");
}

TEST(StorageCommands, JoiningKeepsTheExpiry) {
  Conversation ask;
  EXPECT_EQ(ask("set x 1 100 2|10|append x 5 500 1|1|mg x u h f t v"),
            "STORED|STORED|VA 3 h0 f1 t100|101|");
}

TEST(StorageCommands, Cas) {
  Conversation ask;
  EXPECT_EQ(ask("cas a 0 0 1 1|1"), "NOT_FOUND|");
  ask("set a 0 0 1|1");
  const std::string cas = cas_of(ask, "a");
  EXPECT_EQ(ask("cas a 0 0 1 " + cas + "0|2"), "EXISTS|");
  EXPECT_EQ(ask("cas a 0 0 1 0|2"), "EXISTS|");
  EXPECT_EQ(ask("cas a 0 0 1 " + cas + "|3"), "STORED|");
  EXPECT_EQ(ask("cas a 0 0 1 " + cas + "|4"), "EXISTS|");
  EXPECT_EQ(ask("get a"), "VALUE a 0 1|3|END|");
  EXPECT_EQ(ask.stat("cas_misses"), "1");
  EXPECT_EQ(ask.stat("cas_hits"), "1");
  EXPECT_EQ(ask.stat("cas_badval"), "3");
  EXPECT_EQ(ask.stat("cmd_set"), "6");
}

TEST(StorageCommands, Noreply) {
  Conversation ask;
  EXPECT_EQ(ask("set a 0 0 1 noreply|1|add a 0 0 1 noreply|2|replace b 0 0 1 noreply|2|"
                "append a 0 0 1 noreply|2|prepend a 0 0 1 noreply|0|cas a 0 0 1 1 noreply|7"),
            "");
  EXPECT_EQ(ask("get a"), "VALUE a 0 3|012|END|");
}

TEST(StorageCommands, BadDataChunkKeepsTheOldValue) {
  Conversation ask;
  ask("set a 0 0 2|ab");
  EXPECT_TRUE(ask("set a 0 0 2|xyz").starts_with("CLIENT_ERROR bad data chunk|"));
  EXPECT_EQ(ask("get a"), "VALUE a 0 2|ab|END|");
}

TEST(StorageCommands, StreamedValues) {
  for (const size_t piece_size : {size_t{1}, size_t{1000}, size_t{1} << 20}) {
    Conversation ask({.piece_size = piece_size});
    for (const size_t size : {size_t{3000}, size_t{20'000}, size_t{600'000}, size_t{1'000'000}}) {
      if (piece_size == 1 && size > 100'000) {
        continue;
      }
      const std::string value = numbers_text(size);
      const std::string length = std::to_string(size);
      EXPECT_EQ(ask("set a 7 0 " + length + "|" + value), "STORED|");
      EXPECT_EQ(ask("get a"), "VALUE a 7 " + length + "|" + value + "|END|");
      EXPECT_EQ(ask("add a 7 0 " + length + "|" + value), "NOT_STORED|");
      EXPECT_EQ(ask("mg a s v"), "VA " + length + " s" + length + "|" + value + "|");
    }
  }
}

TEST(StorageCommands, StreamedJoin) {
  Conversation ask;
  const std::string value = numbers_text(30'000);
  EXPECT_EQ(ask("append a 0 0 30000|" + value), "NOT_STORED|");
  ask("set a 1 0 3|abc");
  EXPECT_EQ(ask("append a 0 0 30000|" + value), "STORED|");
  EXPECT_EQ(ask("prepend a 0 0 30000|" + value), "STORED|");
  EXPECT_EQ(ask("get a"), "VALUE a 1 60003|" + value + "abc" + value + "|END|");
}

TEST(StorageCommands, StreamedBadDataChunk) {
  Conversation ask;
  ask("set a 0 0 2|ab");
  const std::string value = numbers_text(30'000);
  EXPECT_EQ(ask.raw("set a 0 0 30000\r\n" + value + "xx"), "CLIENT_ERROR bad data chunk\r\n");
  EXPECT_EQ(ask.raw("append a 0 0 30000 noreply\r\n" + value + "xx"), "");
  EXPECT_EQ(ask("get a"), "VALUE a 0 2|ab|END|");
}

TEST(StorageCommands, TooLargeLeavesNoOldValueBehindASet) {
  Conversation ask;
  const std::string value = numbers_text(1'048'600);
  for (const auto& [line, keeps] :
       std::initializer_list<std::pair<std::string, bool>>{{"set x 0 0 1048600", false},
                                                           {"add x 0 0 1048600", true},
                                                           {"replace x 0 0 1048600", true},
                                                           {"append x 0 0 1048600", true},
                                                           {"prepend x 0 0 1048600", true},
                                                           {"cas x 0 0 1048600 1", true},
                                                           {"ms x 1048600", false},
                                                           {"ms x 1048600 k O1 q", false},
                                                           {"ms x 1048600 ME", false},
                                                           {"ms x 1048600 MA", false},
                                                           {"ms x 1048600 C1", false}}) {
    ask("set x 0 0 1|a");
    EXPECT_EQ(ask(line + "|" + value), "SERVER_ERROR object too large for cache|") << line;
    EXPECT_EQ(ask("get x"), keeps ? "VALUE x 0 1|a|END|" : "END|") << line;
  }
  EXPECT_EQ(ask.stat("store_too_large"), "11");
  EXPECT_EQ(ask("set x 0 0 1|a|set x 0 0 1048600 noreply|" + value + "|get x"), "STORED|END|");
}

TEST(StorageCommands, TwoValuesTooLargeTogetherAreNotStored) {
  Conversation ask;
  const std::string half = numbers_text(600'000);
  ask("set x 0 0 600000|" + half);
  EXPECT_EQ(ask("append x 0 0 600000|" + half), "NOT_STORED|");
  EXPECT_EQ(ask("ms x 600000 MP k O1|" + half), "NS kx O1|");
  EXPECT_EQ(ask("mg x s"), "HD s600000|");
  EXPECT_EQ(ask.stat("store_too_large"), "0");
}

TEST(StorageCommands, OutOfMemoryWithoutEviction) {
  ConversationOptions options;
  options.store.memory_limit = 8 * kMiB;
  options.store.evict = false;
  Conversation ask(options);
  const std::string value = numbers_text(100'000);
  std::string answer;
  int stored = 0;
  for (; stored < 1000; ++stored) {
    answer = ask("set k" + std::to_string(stored) + " 0 0 100000|" + value);
    if (answer != "STORED|") {
      break;
    }
  }
  EXPECT_EQ(answer, "SERVER_ERROR out of memory storing object|");
  EXPECT_GT(stored, 40);
  EXPECT_EQ(ask("ms miss 100000 k O1|" + value), "SERVER_ERROR out of memory storing object|");
  EXPECT_EQ(ask("mg k1 s"), "HD s100000|");
  EXPECT_EQ(ask("set k1 0 0 100000|" + value), "SERVER_ERROR out of memory storing object|");
  EXPECT_EQ(ask("mg k1 s"), "EN|");
  EXPECT_EQ(ask("set k1 0 0 100000|" + value), "STORED|");
  EXPECT_EQ(ask("add k2 0 0 100000|" + value), "SERVER_ERROR out of memory storing object|");
  EXPECT_EQ(ask("mg k2 s"), "HD s100000|");
}

}  // namespace
}  // namespace ember::server::command
