// SPDX-License-Identifier: BSD-3-Clause
#include "bench/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/check.h"

namespace ember::bench {

Stats stats_of(const LoadResult& result) {
  const Totals& totals = result.totals;
  Stats stats = {
      {"requests_per_second", result.requests_per_second()},
      {"requests", static_cast<double>(totals.requests)},
      {"seconds", result.seconds},
      {"hits", static_cast<double>(totals.hits)},
      {"misses", static_cast<double>(totals.misses)},
      {"sets", static_cast<double>(totals.sets)},
      {"errors", static_cast<double>(totals.errors)},
      {"corrupt_values", static_cast<double>(totals.corrupt)},
      {"sent_mb_per_second", static_cast<double>(totals.bytes_sent) / result.seconds * 1e-6},
      {"received_mb_per_second",
       static_cast<double>(totals.bytes_received) / result.seconds * 1e-6},
      {"latency_mean_us", result.latencies.mean() * 1e-3},
  };
  for (const auto& [name, fraction] :
       {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}) {
    stats.emplace_back(fmt::format("latency_{}_us", name),
                       static_cast<double>(result.latencies.quantile(fraction)) * 1e-3);
  }
  stats.emplace_back("latency_max_us", static_cast<double>(result.latencies.max()) * 1e-3);
  stats.emplace_back("client_cpu_share", result.client_cpu_share);
  stats.emplace_back("fill_seconds", result.fill_seconds);
  if (result.server) {
    stats.emplace_back("server_cpu_us_per_request", result.server->us_per_request());
    stats.emplace_back("server_user_us_per_request", result.server->user_us_per_request);
    stats.emplace_back("server_system_us_per_request", result.server->system_us_per_request);
    stats.emplace_back("server_cpu_share", result.server->cpu_share);
    stats.emplace_back("server_resident_mb",
                       static_cast<double>(result.server->resident_bytes) / (1 << 20));
  }
  return stats;
}

std::string as_text(const Stats& stats) {
  std::string text;
  for (const auto& [name, value] : stats) {
    text += fmt::format("{:<30} {:.{}f}\n", name, value,
                        value == static_cast<double>(static_cast<int64_t>(value)) ? 0 : 3);
  }
  return text;
}

std::string as_csv(const Stats& stats) {
  std::string names;
  std::string values;
  for (const auto& [name, value] : stats) {
    const std::string_view separator = names.empty() ? "" : ",";
    names += fmt::format("{}{}", separator, name);
    values += fmt::format("{}{}", separator, value);
  }
  return names + "\n" + values + "\n";
}

std::string as_json(const Stats& stats, const std::vector<double>& rates) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : stats) {
    json[name] = value;
  }
  check(json.size() == stats.size(), "each value has a name of its own");
  if (!rates.empty()) {
    json["rate_interval_ms"] = kRateIntervalMs;
    json["rates"] = rates;
  }
  return json.dump(1) + "\n";
}

Result<void> write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return {};
  }
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.flush();
  return file ? Result<void>() : fail_errno("cannot write " + path, errno);
}

}  // namespace ember::bench
