// SPDX-License-Identifier: BSD-3-Clause
// LocalService: serves one worker's clients from the store of this process: the local handler, the
// worker's place in the store's epochs, and the way of watchers' lines to the worker's loop.
// Not commands (server/command), not connections (worker.h).
//
// Threads: the worker's, but for deliver(), which any thread may call until the worker has ended.
// Ownership: owns the handler and the store's thread; refers to its parts, which outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "server/command/context.h"
#include "server/command/local_handler.h"
#include "server/command/store_log.h"
#include "server/metrics/counters.h"
#include "server/metrics/stats_source.h"
#include "server/net/poller.h"
#include "server/service.h"
#include "server/watch/watch_log.h"
#include "server/watch/watch_service.h"
#include "storage/core/store_thread.h"
#include "storage/store.h"

namespace ember::server {

class LocalService final : public Service, private WatchOutlet {
 public:
  struct Parts {
    storage::Store& store;
    const Clock& clock;
    CounterRegistry& registry;
    StatsSource& stats;
    /// What this worker reports to watchers.
    WatchLog& log;
    WatchService& watch;
    /// The worker's.
    net::Poller& poller;
  };

  /// Called on the worker's thread, which the store knows from now on.
  LocalService(const Parts& parts, const command::HandlerOptions& options);

  protocol::Handler& handler() override;
  void before_wait() override;
  void after_wait() override;
  void after_turn() override;
  void on_wake() override EMBER_EXCLUDES(mutex_);

 private:
  /// Lines for one watcher among this worker's clients.
  struct Lines {
    uint64_t watcher;
    std::string text;
  };

  void deliver(uint64_t watcher, std::string lines) override EMBER_EXCLUDES(mutex_);

  Role worker_;
  net::Poller& poller_;
  command::StoreLog store_log_;  // observes store_thread_
  std::unique_ptr<storage::StoreThread> store_thread_ EMBER_GUARDED_BY(worker_);
  std::unique_ptr<command::LocalHandler> handler_ EMBER_GUARDED_BY(worker_);

  Mutex mutex_;
  std::vector<Lines> lines_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::server
