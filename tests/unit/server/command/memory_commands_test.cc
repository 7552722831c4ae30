// SPDX-License-Identifier: BSD-3-Clause
// slabs, lru, cache_memlimit, stats detail and sizes. The answers are those of memcached 1.6.18.
#include "server/command/memory_commands.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

constexpr const char* kBad = "CLIENT_ERROR bad command line format|";

TEST(MemoryCommands, Reassign) {
  Conversation ask;
  ask("set a 0 0 1|x");
  EXPECT_EQ(ask("slabs reassign 1 2|slabs reassign 1 1|slabs reassign -1 2|slabs reassign 251 1"),
            "NOSPARE source class has no spare pages|SAME src and dst class are identical|"
            "BADCLASS invalid src or dst class id|BADCLASS invalid src or dst class id|");
  EXPECT_EQ(ask("slabs reassign a 1"), kBad);
  EXPECT_EQ(ask("slabs|slabs reassign|slabs reassign 1|slabs reassign 1 2 3|slabs x 1 2"),
            "ERROR|ERROR|ERROR|ERROR|ERROR|");
  EXPECT_EQ(ask("slabs reassign 0 7|slabs reassign 0 7"),
            "OK|BUSY currently processing reassign request|");
  EXPECT_EQ(ask.stat("slab_reassign_running"), "1");
  while (ask.stat("slab_reassign_running") == "1") {
    ask.store().maintain(ask.thread());
  }
  EXPECT_EQ(ask.stat("7:total_pages", "slabs"), "1");
}

TEST(MemoryCommands, ReassignCanBeSwitchedOff) {
  Conversation ask({.handler = {.slab_reassign = false}});
  ask.store().tuning().automove = 0;  // as the server sets it then
  EXPECT_EQ(ask("slabs reassign 0 1|slabs automove 1"),
            "CLIENT_ERROR slab reassignment disabled|OK|");
  EXPECT_EQ(ask.store().tuning().automove, 0U) << "nothing may move";
}

TEST(MemoryCommands, Automove) {
  Conversation ask;
  EXPECT_EQ(ask("slabs automove 0"), "OK|");
  EXPECT_EQ(ask.store().tuning().automove, 0U);
  EXPECT_EQ(ask("slabs automove 2|slabs automove ratio 0.5"), "OK|OK|");
  EXPECT_EQ(ask.store().tuning().automove, 2U);
  EXPECT_EQ(ask.store().tuning().automove_ratio, 0.5);
  EXPECT_EQ(ask("slabs automove 3|slabs automove|slabs automove ratio|slabs automove ratio x"),
            "ERROR|ERROR|ERROR|ERROR|");
  EXPECT_EQ(ask("slabs automove -1|slabs automove x|slabs automove 1 noreply"),
            std::string(kBad) + kBad);
}

TEST(MemoryCommands, LruIsAccepted) {
  Conversation ask;
  EXPECT_EQ(ask("lru mode flat|lru mode segmented|lru temp_ttl -1|lru tune 10 25 0.1 2.0"),
            "OK|OK|OK|OK|");
  EXPECT_EQ(ask("lru|lru mode|lru mode x|lru tune 1 2 3|lru temp_ttl x|lru tune a 2 3 4"),
            "ERROR|ERROR|ERROR|ERROR|ERROR|ERROR|");
  EXPECT_EQ(ask("lru tune 50 50 0.1 2|lru tune 18446744073709551615 25 0.1 2"),
            "ERROR hot and warm pcts must not exceed 80|"
            "ERROR hot and warm pcts must not exceed 80|");
  EXPECT_EQ(ask("lru tune 10 25 0 2"), "ERROR hot/warm age factors must be greater than 0|");
}

TEST(MemoryCommands, TheLimitOfMemory) {
  Conversation ask;
  EXPECT_EQ(ask("cache_memlimit 100"), "OK|");
  EXPECT_EQ(ask.stat("limit_maxbytes"), std::to_string(100 * kMiB));
  const std::string small = "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m|";
  EXPECT_EQ(ask("cache_memlimit 7|cache_memlimit 0"), small + small);
  EXPECT_EQ(ask("cache_memlimit 99999999999"),
            "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes|");
  EXPECT_EQ(ask("cache_memlimit 1000000"),
            "MEMLIMIT_ADJUST_FAILED 1000000 MiB cannot be had: this process can grow to 16384 MiB; "
            "restart it with a larger -m|");
  EXPECT_EQ(ask("cache_memlimit|cache_memlimit x|cache_memlimit -1|cache_memlimit 64 x y"),
            "ERROR|ERROR|ERROR|ERROR|");
  EXPECT_EQ(ask("cache_memlimit 64 noreply"), "");
  EXPECT_EQ(ask.stat("limit_maxbytes"), std::to_string(64 * kMiB));
}

TEST(MemoryCommands, NoLimitBelowTwoItems) {
  Conversation ask(
      {.store = {.item_size_max = 20 * kMiB}, .handler = {.item_size_max = 20 * kMiB}});
  EXPECT_EQ(ask("cache_memlimit 39|cache_memlimit 40"),
            "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 40m|OK|");
}

TEST(MemoryCommands, DetailCountsByPrefix) {
  Conversation ask;
  ask("get a:x");
  EXPECT_EQ(ask("stats detail dump|stats detail on|stats detail dump"), "END|OK|END|");
  ask("set a:x 0 0 1|1|get a:x a:y b:z none|delete a:q|touch a:x 0|gat 0 a:x|incr a:x 1|get :k");
  ask("mg a:x v|md a:x|ms a:x 1|1|append a:x 0 0 1|1");
  EXPECT_EQ(ask("stats detail dump"),
            "PREFIX  get 1 hit 0 set 0 del 0|PREFIX a get 3 hit 2 set 2 del 1|"
            "PREFIX b get 1 hit 0 set 0 del 0|END|");
  ask("stats detail off|get a:x");
  EXPECT_NE(ask("stats detail dump").find("PREFIX a get 3 "), std::string::npos);
  EXPECT_EQ(ask("stats reset|stats detail dump"), "RESET|END|");
  EXPECT_EQ(ask("stats detail|stats detail x"),
            "CLIENT_ERROR usage: stats detail on|off|dump|"
            "CLIENT_ERROR usage: stats detail on|off|dump|");
}

TEST(MemoryCommands, PrefixesAreBounded) {
  Conversation ask;
  ask("stats detail on");
  for (size_t i = 0; i < PrefixTable::kMost + 10; ++i) {
    ask("get " + std::to_string(i) + ":x");
  }
  EXPECT_EQ(ask.registry.prefixes().sum().size(), PrefixTable::kMost);
  EXPECT_EQ(ask.stat("detail_dropped", "ember"), "10");
}

TEST(MemoryCommands, Sizes) {
  Conversation ask;
  EXPECT_EQ(ask("stats sizes|stats sizes_enable|stats sizes"),
            "STAT sizes_status disabled|END|STAT sizes_status enabled|END|");
  EXPECT_EQ(ask("set a 0 0 3|bar|set b 0 0 50|" + std::string(50, 'x') + "|stats sizes"),
            "STORED|STORED|STAT 32 1|STAT 96 1|END|");
  EXPECT_EQ(ask("stats sizes_disable|stats sizes"),
            "STAT sizes_status disabled|STAT sizes_status disabled|END|");
}

TEST(MemoryCommands, SizesCannotBeSwitchedOnWithoutCas) {
  Conversation ask({.handler = {.use_cas = false}});
  EXPECT_EQ(ask("stats sizes_enable"),
            "STAT sizes_status error|STAT sizes_error cas_support_disabled|");
}

TEST(MemoryCommands, DebugtimeNeedsToBeEnabled) {
  uint32_t skipped = 0;
  Conversation plain;
  EXPECT_EQ(plain("debugtime 1"), "ERROR|");
  Conversation ask({.handler = {.skip_time = [&](uint32_t seconds) { skipped += seconds; }}});
  EXPECT_EQ(ask("debugtime 100|debugtime|debugtime x|debugtime 99999999999"),
            std::string("OK|ERROR|") + kBad + kBad);
  EXPECT_EQ(skipped, 100U);
}

}  // namespace
}  // namespace ember::server::command
