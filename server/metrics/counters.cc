// SPDX-License-Identifier: BSD-3-Clause
#include "server/metrics/counters.h"

#include <array>

#include "base/check.h"

namespace ember::server {
namespace {

using enum MetricReset;
constexpr auto kCommands = MetricSection::commands;
constexpr auto kPrefixes = MetricSection::prefixes;
constexpr auto kCounter = MetricKind::counter;

constexpr auto kCommandMetrics = std::to_array<MetricRow<Counters>>({
    {{"cmd_get", kCommands, kCounter, "", "keys that retrieval commands asked for", subtracts},
     &Counters::cmd_get},
    {{"cmd_set", kCommands, kCounter, "", "storage commands whose value came whole", subtracts},
     &Counters::cmd_set},
    {{"cmd_flush", kCommands, kCounter, "", "flush_all commands", subtracts}, &Counters::cmd_flush},
    {{"cmd_touch", kCommands, kCounter, "",
      "touch, gat and mg with T, found or not (mg: found only)", subtracts},
     &Counters::cmd_touch},
    {{"cmd_meta", kCommands, kCounter, "",
      "me commands; the other meta commands count as what they do", subtracts},
     &Counters::cmd_meta},
    {{"get_hits", kCommands, kCounter, "", "keys asked for and found", subtracts},
     &Counters::get_hits},
    {{"get_misses", kCommands, kCounter, "", "keys asked for and not found", subtracts},
     &Counters::get_misses},
    {{"get_expired", kCommands, kCounter, "", "misses of items that had expired", subtracts},
     &Counters::get_expired},
    {{"get_flushed", kCommands, kCounter, "", "misses of items that were flushed", subtracts},
     &Counters::get_flushed},
    {{"delete_misses", kCommands, kCounter, "", "deletes of keys not found", subtracts},
     &Counters::delete_misses},
    {{"delete_hits", kCommands, kCounter, "", "deletes of keys found", subtracts},
     &Counters::delete_hits},
    {{"incr_misses", kCommands, kCounter, "", "incr of keys not found", subtracts},
     &Counters::incr_misses},
    {{"incr_hits", kCommands, kCounter, "", "incr of keys found", subtracts}, &Counters::incr_hits},
    {{"decr_misses", kCommands, kCounter, "", "decr of keys not found", subtracts},
     &Counters::decr_misses},
    {{"decr_hits", kCommands, kCounter, "", "decr of keys found", subtracts}, &Counters::decr_hits},
    {{"cas_misses", kCommands, kCounter, "", "cas of keys not found", subtracts},
     &Counters::cas_misses},
    {{"cas_hits", kCommands, kCounter, "", "cas whose number was the item's", subtracts},
     &Counters::cas_hits},
    {{"cas_badval", kCommands, kCounter, "", "cas whose number was not the item's", subtracts},
     &Counters::cas_badval},
    {{"touch_hits", kCommands, kCounter, "", "touches of keys found", subtracts},
     &Counters::touch_hits},
    {{"touch_misses", kCommands, kCounter, "", "touches of keys not found", subtracts},
     &Counters::touch_misses},
    {{"store_too_large", kCommands, kCounter, "", "values refused as larger than -I", subtracts},
     &Counters::store_too_large},
    {{"store_no_memory", kCommands, kCounter, "", "values refused for want of memory", subtracts},
     &Counters::store_no_memory},
});

constexpr auto kPrefixMetrics = std::to_array<MetricRow<PrefixTable>>({
    {{"detail_dropped", kPrefixes, kCounter, "",
      "counts by prefix (`stats detail`) left out, for there were too many prefixes"},
     [](const PrefixTable& table) { return table.dropped(); }},
});

}  // namespace

std::span<const MetricRow<Counters>> command_metrics() { return kCommandMetrics; }

Counters& CounterRegistry::add() {
  const MutexLock lock(mutex_);
  workers_.push_back(std::make_unique<Counters>());
  return *workers_.back();
}

void CounterRegistry::each(const std::function<void(const Counters& worker)>& visit) const {
  check(visit != nullptr, "counters are visited by something");
  const MutexLock lock(mutex_);
  for (const auto& worker : workers_) {
    visit(*worker);
  }
}

void add_command_metrics(CounterRegistry& counters, MetricRegistry& metrics) {
  metrics.add_sum<Counters>(kCommandMetrics,
                            [&counters](const auto& visit) { counters.each(visit); });
  metrics.add_one<PrefixTable>(kPrefixMetrics, counters.prefixes());
  metrics.on_reset([&counters] { counters.prefixes().clear(); });
}

}  // namespace ember::server
