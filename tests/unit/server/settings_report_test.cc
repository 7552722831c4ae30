// SPDX-License-Identifier: BSD-3-Clause
#include "server/settings_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "server/options/command_line.h"

namespace ember::server {
namespace {

// As memcached 1.6.45 prints them, in order.
constexpr const char* kNames =
    "maxbytes maxconns tcpport udpport inter verbosity oldest evictions domain_socket umask "
    "shutdown_command growth_factor chunk_size num_threads num_threads_per_udp stat_key_prefix "
    "detail_enabled reqs_per_event cas_enabled tcp_backlog binding_protocol auth_enabled_sasl "
    "auth_enabled_ascii item_size_max maxconns_fast hashpower_init slab_reassign slab_automove "
    "slab_automove_ratio slab_automove_window slab_chunk_max lru_crawler lru_crawler_sleep "
    "lru_crawler_tocrawl tail_repair_time flush_enabled dump_enabled hash_algorithm "
    "lru_maintainer_thread lru_segmented hot_lru_pct warm_lru_pct hot_max_factor warm_max_factor "
    "temp_lru temporary_ttl idle_timeout watcher_logbuf_size worker_logbuf_size "
    "read_buf_mem_limit track_sizes inline_ascii_response ext_item_size ext_item_age ext_low_ttl "
    "ext_recache_rate ext_wbuf_size ext_compact_under ext_drop_under ext_max_sleep ext_max_frag "
    "slab_automove_freeratio ext_drop_unread ssl_enabled ssl_chain_cert ssl_key ssl_verify_mode "
    "ssl_keyformat ssl_ciphers ssl_ca_cert ssl_wbuf_size ssl_session_cache ssl_kernel_tls "
    "ssl_min_version proxy_enabled proxy_uring_enabled num_napi_ids memory_file client_flags_size";

/// Names and values, in order.
using Settings = std::vector<std::pair<std::string, std::string>>;

Settings report(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  EXPECT_TRUE(options.has_value());
  Settings settings;
  for (const MetricRow<Options>& row : settings_table()) {
    const MetricValue value = row.read(options.value_or(Options{}));
    const auto* const number = std::get_if<uint64_t>(&value);
    settings.emplace_back(row.metric.name, number != nullptr ? std::to_string(*number)
                                                             : std::get<std::string>(value));
  }
  return settings;
}

std::string value(const Settings& settings, const std::string& name) {
  const auto found = std::ranges::find(settings, name, &std::pair<std::string, std::string>::first);
  return found == settings.end() ? "(none)" : found->second;
}

TEST(SettingsReport, NamesAndOrderAreMemcacheds) {
  std::istringstream names(kNames);
  std::string name;
  const auto settings = report({});
  size_t index = 0;
  while (names >> name) {
    ASSERT_LT(index, settings.size());
    EXPECT_EQ(settings[index].first, name);
    EXPECT_FALSE(settings[index].second.empty()) << name;
    ++index;
  }
  EXPECT_EQ(index, settings.size());
}

TEST(SettingsReport, Defaults) {
  const auto settings = report({});
  EXPECT_EQ(value(settings, "maxbytes"), "67108864");
  EXPECT_EQ(value(settings, "maxconns"), "1024");
  EXPECT_EQ(value(settings, "tcpport"), "11211");
  EXPECT_EQ(value(settings, "inter"), "NULL");
  EXPECT_EQ(value(settings, "domain_socket"), "NULL");
  EXPECT_EQ(value(settings, "umask"), "700");
  EXPECT_EQ(value(settings, "stat_key_prefix"), ":");
  EXPECT_EQ(value(settings, "binding_protocol"), "auto-negotiate");
  EXPECT_EQ(value(settings, "item_size_max"), "1048576");
  EXPECT_EQ(value(settings, "hash_algorithm"), "xxh3");
  EXPECT_EQ(value(settings, "growth_factor"), "1.08");
}

TEST(SettingsReport, WhatIsGivenIsTold) {
  const auto settings =
      report({"-l",    "127.0.0.1", "-l",
              "::1",   "-m",        "100",
              "-M",    "-C",        "-c",
              "5",     "-t",        "2",
              "-D",    "#",         "-f",
              "1.256", "-n",        "100",
              "-a",    "0777",      "-A",
              "-F",    "-X",        "-R",
              "7",     "-b",        "9",
              "-B",    "ascii",     "-I",
              "2m",    "-o",        "no_maxconns_fast,idle_timeout=60,hashpower=20",
              "-p",    "40609",     "-vv"});

  EXPECT_EQ(value(settings, "inter"), "127.0.0.1,::1");
  EXPECT_EQ(value(settings, "maxbytes"), "104857600");
  EXPECT_EQ(value(settings, "evictions"), "off");
  EXPECT_EQ(value(settings, "cas_enabled"), "no");
  EXPECT_EQ(value(settings, "maxconns"), "5");
  EXPECT_EQ(value(settings, "num_threads"), "2");
  EXPECT_EQ(value(settings, "num_threads_per_udp"), "2");
  EXPECT_EQ(value(settings, "stat_key_prefix"), "#");
  EXPECT_EQ(value(settings, "growth_factor"), "1.26");
  EXPECT_EQ(value(settings, "chunk_size"), "100");
  EXPECT_EQ(value(settings, "umask"), "777");
  EXPECT_EQ(value(settings, "shutdown_command"), "yes");
  EXPECT_EQ(value(settings, "flush_enabled"), "no");
  EXPECT_EQ(value(settings, "dump_enabled"), "no");
  EXPECT_EQ(value(settings, "reqs_per_event"), "7");
  EXPECT_EQ(value(settings, "tcp_backlog"), "9");
  EXPECT_EQ(value(settings, "binding_protocol"), "ascii");
  EXPECT_EQ(value(settings, "item_size_max"), "2097152");
  EXPECT_EQ(value(settings, "maxconns_fast"), "no");
  EXPECT_EQ(value(settings, "idle_timeout"), "60");
  EXPECT_EQ(value(settings, "hashpower_init"), "20");
  EXPECT_EQ(value(settings, "tcpport"), "40609");
  EXPECT_EQ(value(settings, "verbosity"), "2");
  EXPECT_EQ(value(settings, "oldest"), "0");
}

TEST(SettingsReport, SuboptionsAreShownAsTheirTableSays) {
  const auto defaults = report({});
  EXPECT_EQ(value(defaults, "slab_automove_ratio"), "0.80");
  EXPECT_EQ(value(defaults, "slab_chunk_max"), "524288");
  EXPECT_EQ(value(defaults, "watcher_logbuf_size"), "262144");
  EXPECT_EQ(value(defaults, "read_buf_mem_limit"), "0");
  EXPECT_EQ(value(defaults, "lru_crawler"), "yes");
  EXPECT_EQ(value(defaults, "hot_max_factor"), "0.20");
  EXPECT_EQ(value(defaults, "slab_automove_freeratio"), "0.010");
  EXPECT_EQ(value(defaults, "ssl_wbuf_size"), "16384");
  EXPECT_EQ(value(defaults, "ssl_session_cache"), "no");
  EXPECT_EQ(value(defaults, "ssl_keyformat"), "1");
  EXPECT_EQ(value(defaults, "ssl_min_version"), "tlsv1.2");
  EXPECT_EQ(value(defaults, "ssl_key"), "(null)");
  EXPECT_EQ(value(defaults, "ssl_ca_cert"), "NULL");
  const auto given = report(
      {"-o",
       "slab_automove_ratio=0.25,no_lru_crawler,lru_crawler_sleep=5,hot_lru_pct=30,"
       "slab_chunk_max=64,track_sizes,slab_automove=2,ssl_min_version=3,ssl_verify_mode=once"});
  EXPECT_EQ(value(given, "slab_automove_ratio"), "0.25");
  EXPECT_EQ(value(given, "lru_crawler"), "no");
  EXPECT_EQ(value(given, "lru_crawler_sleep"), "5");
  EXPECT_EQ(value(given, "track_sizes"), "yes");
  EXPECT_EQ(value(given, "slab_automove"), "2");
  EXPECT_EQ(value(given, "ssl_min_version"), "tlsv1.3");
  EXPECT_EQ(value(given, "ssl_verify_mode"), "3");
  // Without effect: the default, whatever was given.
  EXPECT_EQ(value(given, "hot_lru_pct"), "20");
  EXPECT_EQ(value(given, "slab_chunk_max"), "524288");
}

}  // namespace
}  // namespace ember::server
