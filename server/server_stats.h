// SPDX-License-Identifier: BSD-3-Clause
// ServerStats: what `stats` shows of one server: the registry of all its metrics, and the list of
// its connections. Not the rows (server_metrics.h names the tables), not the text of `stats`.
//
// Threads: attach() by one before others ask; then any.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/listen/connection_limit.h"
#include "server/metrics/counters.h"
#include "server/metrics/registry.h"
#include "server/metrics/stats_source.h"
#include "server/options/options.h"
#include "server/server_metrics.h"
#include "storage/store.h"

namespace ember::server {

class ServerStats final : public StatsSource {
 public:
  explicit ServerStats(const Options& options) : verbosity_(options.verbosity) {}

  /// The server is whole: from now on there is something to ask. What is given outlives its use;
  /// `pages` is the kind of pages that item memory is mapped by. Again after a failed start.
  void attach(const ServerParts& parts, storage::Store& store, std::string_view pages,
              CounterRegistry& counters);

  const MetricRegistry& metrics() const override { return metrics_; }
  std::vector<ConnectionInfo> connections() const override;
  void reset() override { metrics_.reset(); }

  void set_verbosity(uint32_t level) { verbosity_.store(level, std::memory_order_relaxed); }

 private:
  /// Returns the options as commands have changed them since the start.
  Options options_now(storage::Store& store, CounterRegistry& counters) const;

  std::optional<ServerParts> parts_;
  std::atomic<uint32_t> verbosity_;
  MetricRegistry metrics_;
};

}  // namespace ember::server
