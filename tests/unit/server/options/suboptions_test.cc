// SPDX-License-Identifier: BSD-3-Clause
// The words and exit codes are those memcached 1.6.18 answered the same -o with.
#include "server/options/suboptions.h"

#include <gtest/gtest.h>

#include "server/options/command_line.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

Options accepted(const std::string& list) {
  auto options = parse_options({"-o", list});
  EXPECT_TRUE(options.has_value()) << list << ": " << options.error().message;
  return options.value_or(Options{});
}

void expect_refused(const std::string& list, const std::string& message, int exit_code = 1) {
  const auto options = parse_options({"-o", list});
  ASSERT_FALSE(options.has_value()) << list;
  EXPECT_EQ(options.error().message, message) << list;
  EXPECT_EQ(options.error().exit_code, exit_code) << list;
}

TEST(Suboptions, ThoseThatWork) {
  const Options options = accepted(
      "no_maxconns_fast,hashpower=20,idle_timeout=60,watcher_logbuf_size=512,"
      "worker_logbuf_size=128");
  EXPECT_FALSE(options.maxconns_fast);
  EXPECT_EQ(options.hash_power, 20U);
  EXPECT_EQ(options.idle_timeout_s, 60U);
  EXPECT_EQ(options.watcher_log_size, 512 * kKiB);
  EXPECT_EQ(options.worker_log_size, 128 * kKiB);
}

TEST(Suboptions, NoModernLetsConnectionsWait) {
  EXPECT_FALSE(accepted("no_modern").maxconns_fast);
  EXPECT_TRUE(accepted("no_modern,maxconns_fast").maxconns_fast);
}

TEST(Suboptions, TheCrawlers) {
  EXPECT_TRUE(accepted("").sweep);
  EXPECT_FALSE(accepted("no_lru_crawler").sweep);
  EXPECT_TRUE(accepted("no_lru_crawler,lru_crawler").sweep);
  EXPECT_EQ(accepted("lru_crawler_sleep=1000000").sweep_rest_us, 1'000'000U);
  EXPECT_EQ(accepted("lru_crawler_tocrawl=4294967295").sweep_items, 4'294'967'295U);
}

TEST(Suboptions, PagesAndSizes) {
  EXPECT_TRUE(accepted("").slab_reassign);
  EXPECT_FALSE(accepted("no_slab_reassign").slab_reassign);
  EXPECT_TRUE(accepted("no_slab_reassign,slab_reassign").slab_reassign);
  EXPECT_EQ(accepted("slab_automove").slab_automove, 1U);
  EXPECT_EQ(accepted("slab_automove=2").slab_automove, 2U);
  EXPECT_EQ(accepted("no_slab_automove").slab_automove, 0U);
  EXPECT_EQ(accepted("slab_automove_ratio=0.5").slab_automove_ratio, 0.5);
  EXPECT_FALSE(accepted("").track_sizes);
  EXPECT_TRUE(accepted("track_sizes").track_sizes);
}

TEST(Suboptions, SeveralListsAddUp) {
  const auto options =
      parse_options({"-o", "no_maxconns_fast", "-oidle_timeout=5", "--extended=maxconns_fast,"});
  ASSERT_TRUE(options.has_value());
  EXPECT_TRUE(options->maxconns_fast);
  EXPECT_EQ(options->idle_timeout_s, 5U);
}

TEST(Suboptions, ThoseWithoutEffectAreNoted) {
  for (const char* list : {"modern",

                           "no_lru_maintainer",
                           "lru_maintainer",
                           "slab_automove_window=10",
                           "slab_automove_freeratio=0.5",
                           "slab_chunk_max=1024",
                           "temporary_ttl=30",
                           "temporary_ttl=-1",
                           "no_hashexpand",
                           "hash_algorithm=jenkins",
                           "hash_algorithm=murmur3",
                           "hash_algorithm=xxh3",
                           "tail_repair_time=10",
                           "relaxed_privileges",
                           "drop_privileges",
                           "no_drop_privileges",
                           "hot_lru_pct=20",
                           "warm_lru_pct=40",
                           "hot_max_factor=0.3",
                           "warm_max_factor=2",
                           "slab_sizes=100-200-500",
                           "inline_ascii_resp",
                           "no_inline_ascii_resp",
                           "no_chunked_items",
                           "resp_obj_mem_limit=x",
                           "read_buf_mem_limit=3",
                           "modern=1"}) {
    const Options options = accepted(list);
    ASSERT_EQ(options.notes.size(), 1U) << list;
    EXPECT_TRUE(options.notes.front().starts_with(std::string("-o ") + list + " has no effect: "))
        << options.notes.front();
  }
}

TEST(Suboptions, LimitsOfUdpAndTheMark) {
  const Options options = accepted("udp_max_reply=8,udp_max_rate=0,sock_cookie_id=5");
  EXPECT_EQ(options.udp_max_reply, 8 * kKiB);
  EXPECT_EQ(options.udp_max_rate, 0U);
  EXPECT_EQ(options.socket_mark, 5U);
  EXPECT_EQ(Options{}.udp_max_reply, 64 * kKiB);
  EXPECT_EQ(Options{}.udp_max_rate, kMiB);
  expect_refused("udp_max_reply=1025", "udp_max_reply takes a number from 1 to 1024, not \"1025\"");
}

TEST(Suboptions, AnEmptyListIsNone) {
  EXPECT_TRUE(accepted("").notes.empty());
  EXPECT_EQ(accepted("modern,").notes.size(), 1U);
  expect_refused(",modern", "Illegal suboption \"\"");
  expect_refused(",", "Illegal suboption \"\"");
}

TEST(Suboptions, UnknownOnes) {
  expect_refused("qwertyuiop", "Illegal suboption \"qwertyuiop\"");
  expect_refused("MODERN=1", "Illegal suboption \"MODERN=1\"");
  expect_refused("no_track_sizes",
                 "Illegal suboption \"no_track_sizes\"; did you mean \"track_sizes\"?");
  expect_refused("idle_timout=5",
                 "Illegal suboption \"idle_timout=5\"; did you mean \"idle_timeout\"?");
}

TEST(Suboptions, MissingValues) {
  expect_refused("hashpower", "Missing numeric argument for hashpower");
  expect_refused("tail_repair_time", "Missing numeric argument for tail_repair_time");
  expect_refused("idle_timeout", "Missing numeric argument for idle_timeout");
  expect_refused("lru_crawler_sleep", "Missing lru_crawler_sleep value");
  expect_refused("lru_crawler_tocrawl", "Missing lru_crawler_tocrawl value");
  for (const char* name :
       {"hash_algorithm", "hot_lru_pct", "warm_lru_pct", "hot_max_factor", "warm_max_factor",
        "temporary_ttl", "slab_chunk_max", "watcher_logbuf_size", "worker_logbuf_size",
        "read_buf_mem_limit", "slab_automove_ratio", "slab_automove_window",
        "slab_automove_freeratio"}) {
    expect_refused(name, std::string("Missing ") + name + " argument");
  }
}

TEST(Suboptions, ValuesBeyondTheLimits) {
  expect_refused("tail_repair_time=9", "Cannot set tail_repair_time to less than 10 seconds");
  expect_refused("hash_algorithm=foo", "Unknown hash_algorithm option (jenkins, murmur3, xxh3)");
  expect_refused("lru_crawler_sleep=1000001", "LRU crawler sleep must be between 0 and 1 second");
  expect_refused("lru_crawler_sleep=-1", "LRU crawler sleep must be between 0 and 1 second");
  expect_refused("lru_crawler_tocrawl=x", "lru_crawler_tocrawl takes a numeric 32bit value");
  expect_refused("hot_lru_pct=0", "hot_lru_pct must be > 1 and < 80");
  expect_refused("hot_lru_pct=80", "hot_lru_pct must be > 1 and < 80");
  expect_refused("hot_max_factor=0", "hot_max_factor must be > 0");
  expect_refused("warm_max_factor=x", "warm_max_factor must be > 0");
  expect_refused("slab_automove=3", "slab_automove must be between 0 and 2");
  expect_refused("slab_automove_ratio=1", "slab_automove_ratio must be > 0 and < 1");
  expect_refused("slab_automove_window=2", "slab_automove_window must be > 2");
  expect_refused("slab_chunk_max=x", "could not parse argument to slab_chunk_max");
  expect_refused("read_buf_mem_limit=-1", "could not parse argument to read_buf_mem_limit");
  expect_refused("watcher_logbuf_size=x", "could not parse argument to watcher_logbuf_size");
  expect_refused("hot_lru_pct=50,warm_lru_pct=50",
                 "hot_lru_pct + warm_lru_pct cannot be more than 80% combined", 64);
  expect_refused("hashpower=11",
                 "Initial hashtable multiplier of 11 is too low\n"
                 "Choose a value based on \"STAT hash_power_level\" from a running instance");
}

// memcached takes these for 0, or crashes.
TEST(Suboptions, RefusedBesidesMemcached) {
  expect_refused("idle_timeout=x", "idle_timeout takes a number from 0 to 4294967295, not \"x\"");
  expect_refused("sock_cookie_id", "Missing sock_cookie_id argument");
  expect_refused("slab_sizes", "Missing slab_sizes argument");
  expect_refused("slab_sizes=x", "slab_sizes takes sizes joined by dashes, not \"x\"", 64);
}

TEST(Suboptions, WhatIsNotInThisBuildIsRefusedByName) {
  expect_refused("ext_path=/f:1G",
                 "-o ext_path=/f:1G: Ember has no external storage: name a file on a large volume "
                 "instead, such as --memory-file=/mnt/large/ember with a large -m; all items live "
                 "in it, and survive restarts.",
                 64);
  expect_refused("proxy_config=f",
                 "-o proxy_config=f: The proxy (proxy_*) is not available in this build of Ember.",
                 64);
}

// Every row that is said to work has code (apply checks), and every remark is a sentence.
TEST(Suboptions, TheTableIsWhole) {
  for (const SuboptionRow& row : suboption_table()) {
    EXPECT_TRUE(row.support == Support::works || row.remark.ends_with('.')) << row.name;
    EXPECT_EQ(row.value == SuboptionValue::choice, !row.choices.empty()) << row.name;
    EXPECT_TRUE(row.accepts == nullptr || !row.limits_message.empty()) << row.name;
    if (row.support == Support::works) {
      EXPECT_FALSE(std::holds_alternative<std::monostate>(row.target)) << row.name;
      const std::string name(row.name);
      accepted(row.value == SuboptionValue::none     ? name
               : row.value == SuboptionValue::text   ? name + "=1"
               : row.value == SuboptionValue::path   ? name + "=1"
               : row.value == SuboptionValue::choice ? name + "=1"
               : row.value == SuboptionValue::real   ? name + "=0.5"
               : row.most < 20                       ? name + "=1"
                                                     : name + "=20");
    }
  }
}

// The default that help tells is what the member is when nothing is given.
TEST(Suboptions, DefaultsAreTheMembers) {
  for (const SuboptionRow& row : suboption_table()) {
    const bool valued = row.value == SuboptionValue::whole || row.value == SuboptionValue::real ||
                        row.value == SuboptionValue::optional;
    if (row.support == Support::works && valued) {
      const std::string name(row.name);
      EXPECT_EQ(
          suboption_value(row.name, Options{}),
          row.default_value == "0"
              ? "0"
              : suboption_value(row.name, accepted(name + "=" + std::string(row.default_value))))
          << name;
    } else if (row.default_value == "enabled" || row.default_value == "disabled") {
      if (row.support == Support::works) {
        EXPECT_EQ(suboption_value(row.name, Options{}),
                  row.default_value == "enabled" ? "yes" : "no")
            << row.name;
      }
    }
  }
  EXPECT_EQ(suboption_value("udp_max_rate", Options{}), "1048576");
  EXPECT_EQ(suboption_value("udp_max_reply", Options{}), "65536");
}

}  // namespace
}  // namespace ember::server
