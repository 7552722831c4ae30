// SPDX-License-Identifier: BSD-3-Clause
// Server: a whole cache server: it composes clock, store, users, certificates, watch hub, workers,
// acceptor and janitor from the options, and ends them in order. Several live in one process side
// by side. Not the process (run.h), not what a worker does (worker.h).
//
// Ownership: owns all of them; the parts refer to each other, and go in the reverse of the order
// below. Threads: started, stopped, reloaded and destroyed by one; it serves on its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "server/auth/authentication.h"
#include "server/command/context.h"
#include "server/command/store_log.h"
#include "server/janitor_thread.h"
#include "server/listen/acceptor.h"
#include "server/listen/connection_limit.h"
#include "server/listen/listeners.h"
#include "server/listen/passed_sockets.h"
#include "server/local_store.h"
#include "server/metrics/counters.h"
#include "server/net/tls/tls_context.h"
#include "server/net/udp_rate_limiter.h"
#include "server/options/options.h"
#include "server/server_stats.h"
#include "server/service.h"
#include "server/watch/watch_hub.h"
#include "server/worker.h"

namespace ember::server {

class Server {
 public:
  /// What the server asks of the process it lives in.
  struct Hooks {
    /// A client sent `shutdown`. Called on a worker's loop: it must not stop the server itself.
    std::function<void(bool graceful)> shutdown_requested;
    /// When it becomes true while the server starts, the start fails soon. Outlives start().
    const std::atomic<bool>* give_up = nullptr;
    /// What -Z loads, if it is loaded already (with rights that are given up meanwhile).
    std::unique_ptr<net::TlsContext> tls = nullptr;
    /// Not empty: instead of those that the options would open.
    std::vector<PassedSocket> sockets = {};
  };

  /// Serves once this returns. An error tells the operator cause and remedy; nothing is left then.
  static Result<std::unique_ptr<Server>> start(const Options& options, Hooks hooks);

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Stops accepting, lets requests and replies in flight finish within a bound, ends all threads.
  void stop();

  /// SIGHUP: reads anew what may change while serving. What cannot be read stays as it was.
  void reload();

  const Listeners& listeners() const { return listeners_; }
  const StatsSource& stats() const { return stats_; }
  std::vector<size_t> connections_by_worker() const;

 private:
  Server(const Options& options, Hooks hooks);

  Result<void> open_tls();
  void reload_certificates();
  std::vector<WatchLog*> add_logs();
  void report_listeners(net::PollerKind kind) const;
  Result<void> start_threads(net::PollerKind kind);
  Result<void> start_workers(net::PollerKind kind, std::span<WatchLog* const> logs);
  void end_threads();
  net::Security security_of(size_t listener) const;
  WorkerOptions worker_options(net::PollerKind kind);
  command::HandlerOptions handler_options();
  ServiceFactory local_services(WatchLog& log);
  UdpOptions udp_options(size_t worker);

  Options options_;
  Hooks hooks_;
  Clock clock_;
  std::unique_ptr<Authentication> authentication_;
  std::unique_ptr<net::TlsContext> tls_;  // null without -Z
  std::unique_ptr<LocalStore> local_store_;
  CounterRegistry registry_;
  ConnectionLimit limit_;
  ServerStats stats_;
  WatchHub watch_hub_;
  net::UdpRateLimiter udp_limiter_;
  Listeners listeners_;
  std::unique_ptr<command::StoreLog> store_log_;  // of what janitor_ makes the store do
  std::unique_ptr<JanitorThread> janitor_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Acceptor> acceptor_;
  Role accepting_;  // the acceptor's thread
  size_t next_worker_ EMBER_GUARDED_BY(accepting_) = 0;
};

}  // namespace ember::server
