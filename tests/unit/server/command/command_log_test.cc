// SPDX-License-Identifier: BSD-3-Clause
// What commands report to watchers (server/command/command_log.cc), seen through the handler. The
// lines are memcached's; tests/integration/test_watch.py compares them live.
#include "server/command/command_log.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

class CommandLogTest : public testing::Test {
 protected:
  void SetUp() override { talk_.log.watch(UINT32_MAX & ~kRawCommands); }

  /// The lines that `input` makes.
  std::string lines_of(std::string_view input) {
    talk_.watch_lines();
    talk_(input);
    return talk_.watch_lines();
  }

  Conversation talk_;
};

constexpr std::string_view kMiss = " status=not_found clsid=0 cfd=17 size=0|";

TEST_F(CommandLogTest, NothingUnlessSomebodyWatches) {
  talk_.log.watch(0);
  EXPECT_EQ("", lines_of("set a 0 0 1|x|get a|append a 0 0 1|x|delete a|ma n N0|mg v N9|get b"));
  EXPECT_EQ(0U, talk_.log.written());
}

TEST_F(CommandLogTest, EachKeyOfAGetIsAFetch) {
  talk_("set a 0 0 3|abc");
  EXPECT_EQ("type=item_get key=a status=found clsid=1 cfd=17 size=3|type=item_get key=b" +
                std::string(kMiss),
            lines_of("get a b"));
}

TEST_F(CommandLogTest, AStoreLooksFirst) {
  EXPECT_EQ("type=item_get key=a" + std::string(kMiss) +
                "type=item_store key=a status=stored cmd=set ttl=100 clsid=1 cfd=17 size=3|",
            lines_of("set a 0 100 3|abc"));
  EXPECT_EQ(
      "type=item_get key=a status=found clsid=1 cfd=17 size=3|"
      "type=item_store key=a status=not_stored cmd=add ttl=0 clsid=1 cfd=17 size=1|",
      lines_of("add a 0 0 1|x"));
}

TEST_F(CommandLogTest, StreamsAreApart) {
  talk_.log.watch(kMutations);
  EXPECT_EQ("type=item_store key=a status=stored cmd=set ttl=0 clsid=1 cfd=17 size=1|",
            lines_of("set a 0 0 1|x|get a|touch a 0|delete b"));
  talk_.log.watch(kDeletions);
  EXPECT_EQ("type=deleted key=a cmd=delete clsid=1 size=1|", lines_of("set a 0 0 1|x|delete a"));
}

TEST_F(CommandLogTest, CommandsOfStores) {
  talk_.log.watch(kMutations);
  talk_("set a 0 60 2|ab");
  const std::string head = "type=item_store key=a status=";
  EXPECT_EQ(head + "stored cmd=append ttl=60 clsid=1 cfd=17 size=3|", lines_of("append a 0 0 1|c"));
  EXPECT_EQ(head + "stored cmd=prepend ttl=60 clsid=1 cfd=17 size=4|", lines_of("ms a 1 MP|c"));
  EXPECT_EQ(head + "stored cmd=replace ttl=0 clsid=1 cfd=17 size=1|",
            lines_of("replace a 0 0 1|c"));
  EXPECT_EQ(head + "exists cmd=cas ttl=0 clsid=1 cfd=17 size=1|", lines_of("cas a 0 0 1 99999|c"));
  EXPECT_EQ(head + "exists cmd=cas ttl=0 clsid=1 cfd=17 size=1|", lines_of("ms a 1 C99999|c"));
  EXPECT_EQ(head + "stored cmd=set ttl=-1 clsid=1 cfd=17 size=1|", lines_of("set a 0 -1 1|c"));
  EXPECT_EQ(head + "not_found cmd=cas ttl=0 clsid=1 cfd=17 size=1|", lines_of("cas a 0 0 1 5|c"));
  EXPECT_EQ(head + "not_stored cmd=append ttl=0 clsid=0 cfd=17 size=1|",
            lines_of("append a 0 0 1|c"));
  EXPECT_EQ(head + "stored cmd=append ttl=30 clsid=1 cfd=17 size=1|", lines_of("ms a 1 MA N30|c"));
}

TEST_F(CommandLogTest, AValueThatStreamedTellsTheSame) {
  talk_.raw("set big 0 0 100000\r\n" + std::string(100'000, 'x') + "\r\n");
  const auto found =
      talk_.store().find(talk_.thread(), "big", storage::hash_key("big"), storage::Access::peek);
  const std::string class_id = std::to_string(talk_.store().class_of(*found.item));
  EXPECT_EQ("type=item_get key=big" + std::string(kMiss) +
                "type=item_store key=big status=stored cmd=set ttl=0 clsid=" + class_id +
                " cfd=17 size=100000|",
            talk_.watch_lines());
}

TEST_F(CommandLogTest, AValueTooLargeTakesTheOldOneAway) {
  talk_("set a 0 0 1|x");
  talk_.watch_lines();
  talk_.raw("set a 0 0 2000000\r\n" + std::string(2'000'000, 'x') + "\r\n");
  EXPECT_EQ(
      "type=item_store key=a status=too_large cmd=set ttl=0 clsid=0 cfd=17 size=2000000|"
      "type=item_get key=a status=found clsid=1 cfd=17 size=1|",
      talk_.watch_lines());
}

TEST_F(CommandLogTest, Counters) {
  talk_("set n 0 0 2|10");
  const std::string found = "type=item_get key=n status=found clsid=1 cfd=17 size=2|";
  EXPECT_EQ(found, lines_of("incr n 1"));
  EXPECT_EQ(found, lines_of("ma n MD"));
  EXPECT_EQ("type=item_get key=m" + std::string(kMiss), lines_of("decr m 1"));
  EXPECT_EQ("type=item_get key=m" + std::string(kMiss) + "type=item_get key=m" +
                std::string(kMiss) +
                "type=item_store key=m status=stored cmd=add ttl=90 clsid=1 cfd=17 size=1|",
            lines_of("ma m N90 J5"));
}

TEST_F(CommandLogTest, Deletions) {
  talk_("set a 0 0 1|x|set b 0 0 2|xy");
  EXPECT_EQ(
      "type=item_get key=a status=found clsid=1 cfd=17 size=1|"
      "type=deleted key=a cmd=delete clsid=1 size=1|",
      lines_of("delete a"));
  EXPECT_EQ("type=item_get key=a" + std::string(kMiss), lines_of("delete a"));
  const std::string found = "type=item_get key=b status=found clsid=1 cfd=17 size=2|";
  EXPECT_EQ(found, lines_of("md b C99999"));
  EXPECT_EQ(found, lines_of("md b I"));  // marked, not deleted
  EXPECT_EQ(found + "type=deleted key=b cmd=md clsid=1 size=2|", lines_of("md b"));
}

TEST_F(CommandLogTest, MetaGets) {
  talk_("set a 0 0 1|x");
  const std::string found = "type=item_get key=a status=found clsid=1 cfd=17 size=1|";
  EXPECT_EQ(found, lines_of("mg a v"));
  EXPECT_EQ(found, lines_of("mg YQ== b T30"));
  EXPECT_EQ(found, lines_of("me a"));
  EXPECT_EQ(found, lines_of("gats 10 a"));
  EXPECT_EQ("type=item_get key=v" + std::string(kMiss), lines_of("mg v N30"));
}

TEST_F(CommandLogTest, RawCommands) {
  talk_.log.watch(kRawCommands);
  EXPECT_EQ(
      "type=rawcmd key=a cmd=set cfd=17 size=1|type=rawcmd key=a cmd=gets cfd=17 size=0|"
      "type=rawcmd key=b cmd=gets cfd=17 size=0|type=rawcmd key=a cmd=md cfd=17 size=0|",
      lines_of("set a 0 0 1|x|gets a b|md a q|version|nonsense"));
  talk_.raw("set big 0 0 100000\r\n" + std::string(100'000, 'x') + "\r\n");
  EXPECT_EQ("type=rawcmd key=big cmd=set cfd=17 size=100000|", talk_.watch_lines());
}

}  // namespace
}  // namespace ember::server::command
