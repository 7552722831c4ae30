// SPDX-License-Identifier: BSD-3-Clause
// What a whole server shows: names and order of memcached 1.6.45, and docs/metrics.md, which is
// made of the rows. After a change there, write it anew: EMBER_WRITE_DOCS=1 unit_server
// --gtest_filter='MetricDocs.*'
#include "server/server_stats.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "server/options/help.h"
#include "server/server.h"

namespace ember::server {
namespace {

std::unique_ptr<Server> small_server() {
  Options options;
  options.io = IoKind::epoll;
  options.tcp_port = -1;
  options.listen = {{.host = "127.0.0.1", .port = {}}};
  options.threads = 2;
  options.memory_limit = 16 * kMiB;
  auto server = Server::start(options, {.shutdown_requested = {}});
  EXPECT_TRUE(server) << server.error().message;
  return server ? std::move(*server) : nullptr;
}

std::string names_of(const std::vector<MetricSample>& samples) {
  std::string names;
  for (const MetricSample& sample : samples) {
    names += (names.empty() ? "" : " ") + sample.name();
  }
  return names;
}

std::string value_of(const Server& server, std::string_view name) {
  for (const MetricSample& sample : server.stats().metrics().read(MetricFamily::general)) {
    if (sample.name() == name) {
      const auto* const number = std::get_if<uint64_t>(&sample.value);
      return number != nullptr ? fmt::to_string(*number) : std::get<std::string>(sample.value);
    }
  }
  return "(none)";
}

TEST(ServerStats, NamesAndOrderAreMemcacheds) {
  const auto server = small_server();
  const MetricRegistry& metrics = server->stats().metrics();
  EXPECT_EQ(
      names_of(metrics.read(MetricFamily::general)),
      "pid uptime time version libevent pointer_size rusage_user rusage_system max_connections "
      "curr_connections total_connections rejected_connections connection_structures "
      "response_obj_oom response_obj_count response_obj_bytes read_buf_count read_buf_bytes "
      "read_buf_bytes_free read_buf_oom reserved_fds cmd_get cmd_set cmd_flush cmd_touch cmd_meta "
      "get_hits get_misses get_expired get_flushed delete_misses delete_hits incr_misses incr_hits "
      "decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits touch_misses "
      "store_too_large store_no_memory auth_cmds auth_errors bytes_read bytes_written "
      "limit_maxbytes accepting_conns listen_disabled_num time_in_listen_disabled_us threads "
      "conn_yields hash_power_level hash_bytes hash_is_expanding slab_reassign_rescues "
      "slab_reassign_chunk_rescues slab_reassign_inline_reclaim slab_reassign_busy_items "
      "slab_reassign_busy_deletes slab_reassign_busy_nomem slab_reassign_last_busy_status "
      "slab_reassign_running slabs_moved lru_crawler_running lru_crawler_starts "
      "lru_maintainer_juggles malloc_fails log_worker_dropped log_worker_written "
      "log_watcher_skipped log_watcher_sent log_watchers unexpected_napi_ids round_robin_fallback "
      "bytes curr_items total_items slab_global_page_pool expired_unfetched evicted_unfetched "
      "evicted_active evictions reclaimed crawler_reclaimed crawler_items_checked "
      "lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru direct_reclaims "
      "lru_bumps_dropped");
  EXPECT_TRUE(names_of(metrics.read(MetricFamily::settings)).starts_with("maxbytes maxconns"));
  EXPECT_EQ(names_of(metrics.read(MetricFamily::ember)),
            "memory_pages pages_assigned pages_free pages_moved index_bytes metadata_bytes rescues "
            "janitor_rounds memory_capacity pages_to_give_back detail_dropped worker:0:connections "
            "worker:0:requests worker:0:bytes_read worker:0:bytes_written worker:0:yields "
            "worker:1:connections worker:1:requests worker:1:bytes_read worker:1:bytes_written "
            "worker:1:yields");
  EXPECT_EQ(names_of(metrics.read(MetricFamily::slabs)), "active_slabs total_malloced");
  EXPECT_EQ(names_of(metrics.read(MetricFamily::items)), "");
}

TEST(ServerStats, ShowsTheServersFigures) {
  const auto server = small_server();
  EXPECT_EQ(value_of(*server, "pid"), fmt::to_string(::getpid()));
  EXPECT_EQ(value_of(*server, "libevent"), "ember-epoll");
  EXPECT_EQ(value_of(*server, "version"), kMemcachedVersion);
  EXPECT_EQ(value_of(*server, "max_connections"), "1024");
  EXPECT_EQ(value_of(*server, "total_connections"), "1");  // the listener
  EXPECT_EQ(value_of(*server, "connection_structures"), "1");
  EXPECT_EQ(value_of(*server, "reserved_fds"), "10");
  EXPECT_EQ(value_of(*server, "bytes_read"), "0");
  EXPECT_EQ(value_of(*server, "threads"), "2");
  EXPECT_EQ(value_of(*server, "limit_maxbytes"), "16777216");
  EXPECT_EQ(value_of(*server, "accepting_conns"), "1");
  const std::string usage = value_of(*server, "rusage_user");
  const size_t point = usage.find('.');
  ASSERT_NE(point, std::string::npos) << usage;
  EXPECT_EQ(usage.size() - point, 7U) << usage;
}

TEST(ServerStats, SettingsAreAsTheServerIs) {
  const auto server = small_server();
  const MetricRegistry& metrics = server->stats().metrics();
  EXPECT_EQ(metrics.number(MetricFamily::settings, "tcpport"),
            uint64_t{server->listeners().streams.front().port});
  EXPECT_EQ(metrics.number(MetricFamily::settings, "udpport"), 0U);
  EXPECT_EQ(metrics.number(MetricFamily::settings, "maxbytes"), 16 * kMiB);
}

TEST(ServerStats, TheStoresDefaultsAreTheOptions) {
  EXPECT_EQ(Options{}.growth_factor, storage::StoreOptions{}.growth_factor);
  EXPECT_EQ(Options{}.min_item_space, storage::StoreOptions{}.min_item_space);
}

TEST(ServerStats, RowsAreWhole) {
  const auto server = small_server();
  std::set<std::pair<MetricFamily, std::string>> names;
  for (const Metric* row : server->stats().metrics().rows()) {
    EXPECT_FALSE(row->name.empty());
    EXPECT_FALSE(row->help.empty()) << row->name;
    EXPECT_TRUE(row->kind == MetricKind::counter || row->reset == MetricReset::keeps) << row->name;
    EXPECT_TRUE(row->kind != MetricKind::text || row->unit.empty()) << row->name;
    const std::string name = fmt::format("{}{}", prefix_of(row->section), row->name);
    EXPECT_TRUE(names.emplace(family_of(row->section), name).second) << name << " stands twice";
  }
}

std::string_view name_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::text:
      break;
  }
  return "text";
}

std::string_view title_of(MetricFamily family) {
  switch (family) {
    case MetricFamily::general:
      return "stats";
    case MetricFamily::items:
      return "stats items";
    case MetricFamily::slabs:
      return "stats slabs";
    case MetricFamily::settings:
      return "stats settings";
    case MetricFamily::ember:
      break;
  }
  return "stats ember";
}

/// As in the documents: "items:N:age".
std::string shown_name(const Metric& row) {
  const bool each = row.section == MetricSection::class_items ||
                    row.section == MetricSection::class_slabs ||
                    row.section == MetricSection::workers;
  return fmt::format("{}{}{}", prefix_of(row.section), each ? "N:" : "", row.name);
}

std::string metric_tables(const MetricRegistry& metrics) {
  std::string text;
  std::string_view title;
  for (const Metric* row : metrics.rows()) {
    if (title_of(family_of(row->section)) != title) {
      text += title.empty() ? "" : "\n";
      title = title_of(family_of(row->section));
      text += fmt::format(
          "## {}\n\n| name | kind | unit | reset | what it says |\n"
          "|---|---|---|---|---|\n",
          title);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", shown_name(*row), name_of(row->kind),
                        row->unit, row->reset == MetricReset::keeps ? "" : "yes", row->help);
  }
  return text;
}

TEST(MetricDocs, TheTablesAreGenerated) {
  const std::string begin = "<!-- begin of the generated part -->\n\n";
  const std::string end = "\n<!-- end of the generated part -->\n";
  const auto path = std::filesystem::path(EMBER_SOURCE_DIR) / "docs/metrics.md";
  const auto server = small_server();
  const std::string expected = metric_tables(server->stats().metrics());
  std::string document;
  {
    std::ifstream file(path);
    ASSERT_TRUE(file.is_open()) << path;
    document.assign(std::istreambuf_iterator<char>(file), {});
  }
  const size_t from = document.find(begin) + begin.size();
  const size_t to = document.find(end);
  ASSERT_NE(document.find(begin), std::string::npos);
  ASSERT_NE(to, std::string::npos);
  ASSERT_LE(from, to);
  if (std::getenv("EMBER_WRITE_DOCS") != nullptr) {
    document.replace(from, to - from, expected);
    std::ofstream(path) << document;
    return;
  }
  EXPECT_EQ(document.substr(from, to - from), expected)
      << "docs/metrics.md differs from the rows; write it anew with EMBER_WRITE_DOCS=1 unit_server "
      << "--gtest_filter='MetricDocs.*'";
}

}  // namespace
}  // namespace ember::server
