// SPDX-License-Identifier: BSD-3-Clause
// ServerStats: what `stats` tells of one server's process and connections, summed when asked.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "server/listen/acceptor.h"
#include "server/listen/connection_limit.h"
#include "server/listen/listeners.h"
#include "server/metrics/counters.h"
#include "server/metrics/stats_source.h"
#include "server/net/tls/tls_context.h"
#include "server/options/options.h"
#include "server/watch/watch_hub.h"
#include "server/worker.h"
#include "storage/store.h"

namespace ember::server {

class ServerStats final : public StatsSource {
 public:
  ServerStats(const Options& options, const Clock& clock, const ConnectionLimit& limit);

  /// The server is whole: from now on there is something to ask. They outlive their use.
  void attach(storage::Store& store, CounterRegistry& registry,
              std::span<const std::unique_ptr<Worker>> workers, const Acceptor& acceptor,
              const Listeners& listeners);

  /// TLS is spoken. It outlives this.
  void attach_tls(const net::TlsContext& tls) { tls_ = &tls; }
  /// Before attach(). It outlives this.
  void attach_watch(const WatchHub& watch_hub) { watch_hub_ = &watch_hub; }

  ServerFigures figures() const override;
  Settings settings() const override;
  std::vector<ConnectionInfo> connections() const override;
  std::vector<WorkerFigures> workers() const override;
  void reset() override;

  void set_verbosity(uint32_t level) { verbosity_.store(level, std::memory_order_relaxed); }

 private:
  /// What `stats reset` sets back.
  struct Counts {
    uint64_t total_connections = 0;
    uint64_t rejected_connections = 0;
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;
    uint64_t yields = 0;
    uint64_t auth_commands = 0;
    uint64_t auth_errors = 0;
    uint64_t listen_disabled = 0;
    uint64_t listen_disabled_us = 0;
    WatchHub::Figures watch;
  };
  Counts counts() const;
  void add_udp(ServerFigures& figures) const;

  const Options& options_;
  const Clock& clock_;
  const ConnectionLimit& limit_;
  std::span<const std::unique_ptr<Worker>> workers_;
  storage::Store* store_ = nullptr;
  CounterRegistry* registry_ = nullptr;
  const Acceptor* acceptor_ = nullptr;
  const Listeners* listeners_ = nullptr;
  const net::TlsContext* tls_ = nullptr;
  const WatchHub* watch_hub_ = nullptr;
  std::atomic<uint32_t> verbosity_;

  mutable Mutex mutex_;
  Counts at_reset_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::server
