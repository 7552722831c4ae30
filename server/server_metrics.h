// SPDX-License-Identifier: BSD-3-Clause
// server_metrics: the figures of one server's process, connections, workers, TLS, UDP and watchers
// as metrics. Not those of commands (metrics/counters.h), of the store (command/store_metrics.h)
// and of the options (settings_report.h).
//
// Threads: reading is any thread's.
#pragma once

#include <memory>
#include <span>

#include "base/clock.h"
#include "server/listen/acceptor.h"
#include "server/listen/connection_limit.h"
#include "server/listen/listeners.h"
#include "server/metrics/registry.h"
#include "server/net/tls/tls_context.h"
#include "server/options/options.h"
#include "server/watch/watch_hub.h"
#include "server/worker.h"

namespace ember::server {

/// What a server's metrics are read from.
struct ServerParts {
  const Options& options;
  const Clock& clock;
  const ConnectionLimit& limit;
  const Acceptor& acceptor;
  const Listeners& listeners;
  /// At least one.
  std::span<const std::unique_ptr<Worker>> workers;
  const WatchHub& watch_hub;
  /// Null without -Z.
  const net::TlsContext* tls = nullptr;
};

/// Adds the metrics of `parts`. Both `parts` and what it refers to outlive `metrics`.
void add_server_metrics(const ServerParts& parts, MetricRegistry& metrics);

}  // namespace ember::server
