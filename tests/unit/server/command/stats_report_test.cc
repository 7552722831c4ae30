// SPDX-License-Identifier: BSD-3-Clause
// `stats` and its families: names, order and forms of memcached 1.6.45, and true numbers.
#include "server/command/stats_report.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

/// The names of STAT lines, in order, blanks between.
std::string names_of(std::string_view text) {
  std::string names;
  while (text.starts_with("STAT ")) {
    text.remove_prefix(5);
    names += names.empty() ? "" : " ";
    names += text.substr(0, text.find(' '));
    text.remove_prefix(text.find('|') + 1);
  }
  EXPECT_EQ(text, "END|");
  return names;
}

// The whole list, in order: tests/unit/server/server_stats_test.cc.
TEST(GeneralStats, IsOfCommandsAndOfTheStore) {
  Conversation ask;
  const std::string names = names_of(ask("stats"));
  EXPECT_TRUE(names.starts_with("pid cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits"))
      << names;
  EXPECT_TRUE(names.ends_with("moves_within_lru direct_reclaims lru_bumps_dropped")) << names;
  EXPECT_EQ(ask.stat("pid"), "42");
  EXPECT_EQ(ask.stat("limit_maxbytes"), "67108864");
  EXPECT_EQ(ask.stat("slab_reassign_last_busy_status"), "none");
}

TEST(GeneralStats, CountsItems) {
  Conversation ask;
  ask("set a 0 0 10|0123456789|set b 0 0 1|1|set b 0 0 1|2|set c 0 0 1|1|delete c");
  EXPECT_EQ(ask.stat("curr_items"), "2");
  EXPECT_EQ(ask.stat("total_items"), "4");
  EXPECT_EQ(ask.stat("bytes"), std::to_string(2 * storage::Item::kHeaderSize + 2 + 11));
}

TEST(StatsReport, Items) {
  Conversation ask;
  EXPECT_EQ(ask("stats items"), "END|");
  ask("set a 0 0 1|5");
  const std::string text = ask("stats items");
  const std::string id = text.substr(11, text.find(':', 11) - 11);
  std::string expected;
  for (const std::string name : {"number",
                                 "number_hot",
                                 "number_warm",
                                 "number_cold",
                                 "age_hot",
                                 "age_warm",
                                 "age",
                                 "mem_requested",
                                 "evicted",
                                 "evicted_nonzero",
                                 "evicted_time",
                                 "outofmemory",
                                 "tailrepairs",
                                 "reclaimed",
                                 "expired_unfetched",
                                 "evicted_unfetched",
                                 "evicted_active",
                                 "crawler_reclaimed",
                                 "crawler_items_checked",
                                 "lrutail_reflocked",
                                 "moves_to_cold",
                                 "moves_to_warm",
                                 "moves_within_lru",
                                 "direct_reclaims",
                                 "hits_to_hot",
                                 "hits_to_warm",
                                 "hits_to_cold",
                                 "hits_to_temp"}) {
    expected += (expected.empty() ? "items:" : " items:") + id + ":" + name;
  }
  EXPECT_EQ(names_of(text), expected);
  EXPECT_EQ(ask.stat("items:" + id + ":number", "items"), "1");
}

TEST(StatsReport, Slabs) {
  Conversation ask;
  EXPECT_EQ(ask.stat("active_slabs", "slabs"), "0");
  ask("set a 0 0 1|5|get a|get a|incr a 1|decr a 1|touch a 0|cas a 0 0 1 1|1|set b 0 0 1|1");
  ask("delete b");
  const std::string text = ask("stats slabs");
  const std::string id = text.substr(5, text.find(':') - 5);
  std::string expected;
  for (const std::string name :
       {"chunk_size", "chunks_per_page", "total_pages", "total_chunks", "used_chunks",
        "free_chunks", "free_chunks_end", "get_hits", "cmd_set", "delete_hits", "incr_hits",
        "decr_hits", "cas_hits", "cas_badval", "touch_hits"}) {
    expected += id + ":" + name + " ";
  }
  EXPECT_EQ(names_of(text), expected + "active_slabs total_malloced");
  const auto figure = [&](const std::string& name) { return ask.stat(id + ":" + name, "slabs"); };
  EXPECT_EQ(figure("get_hits"), "2");
  EXPECT_EQ(figure("cmd_set"), "2");
  EXPECT_EQ(figure("delete_hits"), "1");
  EXPECT_EQ(figure("incr_hits"), "1");
  EXPECT_EQ(figure("decr_hits"), "1");
  EXPECT_EQ(figure("cas_badval"), "1");
  EXPECT_EQ(figure("touch_hits"), "1");
  EXPECT_EQ(std::stoul(figure("used_chunks")) + std::stoul(figure("free_chunks")),
            std::stoul(figure("total_chunks")));
}

TEST(StatsReport, SettingsAndConnections) {
  Conversation ask;
  EXPECT_EQ(ask("stats settings"), "STAT maxbytes 67108864|STAT maxconns 1024|END|");
  // Who asks is number 17.
  ask.stats.clients = {
      {.number = 15, .addr = "tcp:127.0.0.1:11211", .state = "conn_listening"},
      {.number = 16, .udp = true, .addr = "udp:127.0.0.1:11211", .state = "conn_read"},
      {.number = 17,
       .addr = "tcp:127.0.0.1:34658",
       .listen_addr = "tcp:127.0.0.1:11211",
       .state = "conn_read",
       .seconds_since_last_command = 3},
  };
  EXPECT_EQ(ask("stats conns"),
            "STAT 15:addr tcp:127.0.0.1:11211|STAT 15:state conn_listening|"
            "STAT 15:secs_since_last_cmd 0|STAT 16:UDP UDP|STAT 16:addr udp:127.0.0.1:11211|"
            "STAT 16:state conn_read|STAT 16:secs_since_last_cmd 0|"
            "STAT 17:addr tcp:127.0.0.1:34658|"
            "STAT 17:listen_addr tcp:127.0.0.1:11211|STAT 17:state conn_parse_cmd|"
            "STAT 17:secs_since_last_cmd 3|END|");
}

TEST(StatsReport, Reset) {
  Conversation ask;
  ask("set a 0 0 1|1|get a|get b");
  EXPECT_EQ(ask("stats reset"), "RESET|");
  EXPECT_EQ(ask.stats.resets, 1);
  EXPECT_EQ(ask.stat("cmd_get"), "0");
  EXPECT_EQ(ask.stat("get_hits"), "0");
  EXPECT_EQ(ask.stat("curr_items"), "1");
  ask("get a");
  EXPECT_EQ(ask.stat("cmd_get"), "1");
}

TEST(StatsReport, OtherFamilies) {
  Conversation ask;
  EXPECT_EQ(ask("stats sizes"), "STAT sizes_status disabled|END|");
  EXPECT_EQ(ask("stats detail dump|stats detail off"), "END|OK|");
  EXPECT_EQ(ask("stats detail|stats detail foo"),
            "CLIENT_ERROR usage: stats detail on|off|dump|"
            "CLIENT_ERROR usage: stats detail on|off|dump|");
  EXPECT_EQ(ask("stats foo|stats ITEMS|stats noreply"), "ERROR|ERROR|ERROR|");
  EXPECT_EQ(names_of(ask("stats ember")),
            "memory_pages pages_assigned pages_free pages_moved index_bytes metadata_bytes rescues "
            "janitor_rounds memory_capacity pages_to_give_back detail_dropped");
}

}  // namespace
}  // namespace ember::server::command
