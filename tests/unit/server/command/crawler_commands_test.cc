// SPDX-License-Identifier: BSD-3-Clause
// lru_crawler and stats cachedump. The answers are those of memcached 1.6.18.
#include "server/command/crawler_commands.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

constexpr const char* kBusy = "BUSY currently processing crawler request|";

TEST(CrawlerCommands, MetadumpTellsWhatAnItemIs) {
  Conversation ask;
  ask("set a:b 0 0 3|bar|get a:b");
  const std::string now = std::to_string(ask.clock.now());
  const std::string line = "key=a%3Ab exp=-1 la=" + now + " cas=1 fetch=yes cls=1 size=30\nEND|";
  EXPECT_EQ(ask("lru_crawler metadump all"), line);
  EXPECT_EQ(ask("lru_crawler metadump hash"), line);
  EXPECT_EQ(ask("lru_crawler metadump 1"), line);
  EXPECT_EQ(ask("lru_crawler metadump 2,1,"), line);
  EXPECT_EQ(ask("lru_crawler metadump 2"), "END|");
}

TEST(CrawlerCommands, ExpiryIsInSecondsSinceTheEpoch) {
  Conversation ask;
  ask("set a 0 100 1|x");
  const std::string expiry = std::to_string(ask.clock.now() + 100);
  EXPECT_NE(ask("lru_crawler metadump all").find(" exp=" + expiry + " "), std::string::npos);
  EXPECT_EQ(ask("stats cachedump 1 0"), "ITEM a [1 b; " + expiry + " s]|END|");
}

TEST(CrawlerCommands, MgdumpListsCommandsThatFetch) {
  Conversation ask;
  ask("set a 0 0 1|x");
  EXPECT_EQ(ask("lru_crawler mgdump all"), "mg a|EN|");
  ask("flush_all|ms Zm9vIGJhcg== 2 b|hi");
  EXPECT_EQ(ask("lru_crawler mgdump hash"), "mg Zm9vIGJhcg== b|EN|");
  EXPECT_NE(ask("lru_crawler metadump all").find("key=foo%20bar "), std::string::npos);
  EXPECT_EQ(ask("stats cachedump 1 0"), "END|");
}

TEST(CrawlerCommands, Errors) {
  Conversation ask;
  const std::string bad = "BADCLASS invalid class id|";
  EXPECT_EQ(ask("lru_crawler metadump 0|lru_crawler metadump 251|lru_crawler metadump a|"
                "lru_crawler crawl 1,a|lru_crawler mgdump 0"),
            bad + bad + bad + bad + bad);
  EXPECT_EQ(ask("lru_crawler|lru_crawler x|lru_crawler metadump|lru_crawler metadump all x|"
                "lru_crawler crawl all noreply|lru_crawler enable x"),
            "ERROR|ERROR|ERROR|ERROR|ERROR|ERROR|");
  EXPECT_EQ(ask("lru_crawler metadump ,|lru_crawler crawl ,|lru_crawler crawl hash"),
            "NOTSTARTED no items to crawl|NOTSTARTED no items to crawl|"
            "ERROR an unknown error happened|");
}

TEST(CrawlerCommands, DumpsCanBeForbidden) {
  Conversation ask({.handler = {.dump_enabled = false}});
  ask("set a 0 0 1|x");
  EXPECT_EQ(ask("lru_crawler metadump all|lru_crawler mgdump 0|stats cachedump 1 0"),
            "ERROR metadump not allowed|ERROR metadump not allowed|"
            "CLIENT_ERROR stats cachedump not allowed|");
  EXPECT_EQ(ask("lru_crawler crawl all"), "OK|");
}

TEST(CrawlerCommands, CrawlFreesTheExpired) {
  Conversation ask;
  ask("set a 0 5 1|x|set b 0 0 1|x");
  ask.clock.advance(5);
  EXPECT_EQ(ask("lru_crawler crawl all"), "OK|");
  EXPECT_EQ(ask.stat("lru_crawler_running"), "1");
  EXPECT_EQ(ask("lru_crawler crawl 1"), kBusy);
  while (ask.store().maintain(ask.thread())) {
  }
  EXPECT_EQ(ask.stat("lru_crawler_running"), "0");
  EXPECT_EQ(ask.stat("curr_items"), "1");
  EXPECT_EQ(ask("lru_crawler crawl 1"), "OK|");
}

TEST(CrawlerCommands, SwitchedOffNothingIsLookedFor) {
  Conversation ask;
  EXPECT_EQ(ask("lru_crawler enable|lru_crawler disable|lru_crawler disable"),
            "ERROR failed to start lru crawler thread|OK|OK|");
  ask("set a 0 5 1|x");
  ask.clock.advance(5);
  ask.store().maintain(ask.thread());
  EXPECT_EQ(ask.stat("curr_items"), "1");
  EXPECT_EQ(ask("lru_crawler crawl all|lru_crawler metadump all"),
            "CLIENT_ERROR lru crawler disabled|CLIENT_ERROR lru crawler disabled|");
  EXPECT_EQ(ask("lru_crawler enable"), "OK|");
  ask.store().maintain(ask.thread());
  EXPECT_EQ(ask.stat("curr_items"), "0");
}

TEST(CrawlerCommands, SleepAndTocrawl) {
  Conversation ask;
  const std::string bad = "CLIENT_ERROR bad command line format|";
  EXPECT_EQ(ask("lru_crawler sleep 1000000|lru_crawler tocrawl 10"), "OK|OK|");
  EXPECT_EQ(ask.store().tuning().sweep_rest_us, 1'000'000U);
  EXPECT_EQ(ask.store().tuning().sweep_items, 10U);
  EXPECT_EQ(ask("lru_crawler sleep 1000001"), "CLIENT_ERROR sleep must be one second or less|");
  EXPECT_EQ(ask("lru_crawler sleep -1|lru_crawler sleep x|lru_crawler tocrawl x"), bad + bad + bad);
  EXPECT_EQ(ask("lru_crawler sleep|lru_crawler sleep 1 2"), "ERROR|ERROR|");
}

TEST(CrawlerCommands, Cachedump) {
  Conversation ask;
  ask("set a 0 0 3|bar|set b 0 0 3|bar");
  EXPECT_EQ(ask("stats cachedump 1 0"), "ITEM a [3 b; 0 s]|ITEM b [3 b; 0 s]|END|");
  EXPECT_EQ(ask("stats cachedump 1 1"), "ITEM a [3 b; 0 s]|END|");
  EXPECT_EQ(ask("stats cachedump 0 0|stats cachedump 2 0|stats cachedump 63 0"), "END|END|END|");
  EXPECT_EQ(ask("stats cachedump|stats cachedump 1"),
            "CLIENT_ERROR bad command line|CLIENT_ERROR bad command line|");
  EXPECT_EQ(ask("stats cachedump 251 0|stats cachedump x 0|stats cachedump 1 -1"),
            "CLIENT_ERROR Illegal slab id|CLIENT_ERROR bad command line format|"
            "CLIENT_ERROR bad command line format|");
}

TEST(CrawlerCommands, ListsGoOutPieceByPiece) {
  Conversation ask;
  for (int i = 0; i < 20'000; ++i) {
    ask("set key" + std::to_string(i) + " 0 0 1 noreply|x");
  }
  size_t turns = 0;
  size_t most = 0;
  for (;;) {
    const protocol::Progress progress = ask.execute("lru_crawler metadump all|mn");
    most = std::max(most, ask.reply().size());
    ++turns;
    if (progress.next != protocol::Next::again) {
      EXPECT_EQ(progress.executed, 2U);
      break;
    }
    EXPECT_EQ(progress.executed, 0U);
    if (turns % 8 == 0) {
      ask.take_reply();
    }
  }
  EXPECT_GT(turns, 20U);
  EXPECT_LT(most, 1024U * 1024);
  EXPECT_TRUE(ask.take_reply().ends_with("END\r\nMN\r\n"));
}

TEST(CrawlerCommands, WaitsWhileTheReplyIsFull) {
  Conversation ask({.handler = {.max_reply_size = 1000}});
  ask("set a 0 0 1|x");
  ask.reply().append(std::string(1000, 'x'));
  const protocol::Progress progress = ask.execute("lru_crawler metadump all");
  EXPECT_EQ(progress.executed, 0U);
  EXPECT_EQ(progress.next, protocol::Next::ready);
  EXPECT_EQ(ask.reply().size(), 1000U);
}

TEST(CrawlerCommands, AClientThatGoesAwayTakesItsListAlong) {
  Conversation ask;
  for (int i = 0; i < 5000; ++i) {
    ask("set key" + std::to_string(i) + " 0 0 1 noreply|x");
  }
  EXPECT_EQ(ask.execute("lru_crawler metadump all").next, protocol::Next::again);
  ask.handler().forget(ask.client);
  ask.take_reply();
  EXPECT_EQ(ask("lru_crawler metadump 0"), "BADCLASS invalid class id|");
}

TEST(CrawlerCommands, OnlySoManyListsAtOneTime) {
  Conversation ask;
  for (int i = 0; i < 5000; ++i) {
    ask("set key" + std::to_string(i) + " 0 0 1 noreply|x");
  }
  std::array<FakeClient, ItemDumps::kMost> others;
  protocol::Command command;
  command.verb = protocol::Verb::lru_crawler;
  command.arguments = "metadump all";
  for (FakeClient& other : others) {
    EXPECT_EQ(ask.handler().execute(other, {&command, 1}, ask.reply()).next, protocol::Next::again);
  }
  ask.take_reply();
  EXPECT_EQ(ask("lru_crawler metadump all"), kBusy);
  ask.handler().forget(others.front());
  EXPECT_TRUE(ask("lru_crawler metadump all").ends_with("END|"));
}

}  // namespace
}  // namespace ember::server::command
