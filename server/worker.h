// SPDX-License-Identifier: BSD-3-Clause
// Worker: one thread that serves connections: a poller, the sessions on it, a handler, and its
// place in the store's epochs.
//
// Threads: start(), give(), stop(), join() and the figures from any; everything else is the
// worker's own. Requests share nothing with other threads but the store.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "server/auth/sasl_gate.h"
#include "server/command/context.h"
#include "server/command/local_handler.h"
#include "server/command/store_log.h"
#include "server/connection_log.h"
#include "server/listen/connection_limit.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/net/tls/tls_context.h"
#include "server/net/udp_rate_limiter.h"
#include "server/session/session_set.h"
#include "server/session/udp_session.h"
#include "storage/core/store_thread.h"
#include "storage/store.h"

namespace ember::server {

struct WorkerOptions {
  net::PollerKind poller = net::PollerKind::epoll;
  session::SessionOptions session;
  command::HandlerOptions handler;
  /// 0: silent connections stay.
  uint32_t idle_timeout_s = 0;
  /// What a stop waits for clients to take their replies.
  std::chrono::milliseconds drain_limit{2000};
};

/// A worker's part in UDP.
struct UdpOptions {
  struct Socket {
    int fd = -1;
    session::Dialect dialect = session::Dialect::by_first_byte;
  };
  /// Its sockets; open until the worker has ended.
  std::vector<Socket> sockets;
  net::UdpRateLimiter* limit = nullptr;
  session::UdpSession::Options session;
};

class Worker final : private net::LoopHooks, private WatchOutlet {
 public:
  /// What a worker works with; outlives it.
  struct Parts {
    storage::Store& store;
    const Clock& clock;
    CounterRegistry& registry;
    StatsSource& stats;
    ConnectionLimit& limit;
    /// This worker's own.
    WatchLog& log;
    WatchService& watch;
    /// Null: no TLS.
    net::TlsContext* tls = nullptr;
    /// -S; null without.
    Sasl* sasl = nullptr;
  };

  Worker(const Parts& parts, const WorkerOptions& options, size_t index);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Returns once the thread waits for connections.
  Result<void> start();

  /// A connection, which has its place in the limit, accepted on listener number `listener`.
  void give(Fd connection, uint32_t listener) EMBER_EXCLUDES(mutex_);

  /// Serves datagrams too, from now on. Once.
  void hear(const UdpOptions& options) EMBER_EXCLUDES(mutex_);

  /// Finish what is in flight, then end. Again: end at once.
  void stop();
  void join();

  net::PollerKind kind() const { return options_.poller; }
  const session::SessionCounters& counters() const { return sessions_->counters(); }
  /// Null without -S.
  const SaslCounters* sasl_counters() const {
    return gate_ == nullptr ? nullptr : &gate_->counters();
  }
  std::vector<session::SessionInfo> list() const { return sessions_->list(); }
  std::vector<session::UdpInfo> list_udp() const EMBER_EXCLUDES(mutex_);

 private:
  struct Arrival {
    Fd connection;
    uint32_t listener;
  };
  struct Lines {
    uint64_t watcher;
    std::string text;
  };

  Result<void> open();
  void run(std::promise<Result<void>> opened);
  void serve();
  void turn(int timeout_ms);
  void finish();
  int timeout_ms() const;
  void close_silent();

  void before_sleep() override { store_thread_->offline(); }
  void after_sleep() override { store_thread_->online(); }
  void on_wake() override;
  void open_udp() EMBER_REQUIRES(mutex_);
  void close_udp() EMBER_EXCLUDES(mutex_);
  void deliver(uint64_t watcher, std::string lines) override EMBER_EXCLUDES(mutex_);

  Parts parts_;
  WorkerOptions options_;
  size_t index_;
  mutable Mutex mutex_;
  command::StoreLog store_log_;  // observes store_thread_
  std::unique_ptr<storage::StoreThread> store_thread_;
  std::unique_ptr<command::LocalHandler> handler_;
  std::unique_ptr<SaslGate> gate_;  // before handler_, with -S
  std::unique_ptr<session::SessionSet> sessions_;
  // Before the poller, which refers to them. Changed by the worker alone.
  std::vector<std::unique_ptr<session::UdpSession>> udp_sessions_ EMBER_GUARDED_BY(mutex_);
  std::unique_ptr<net::Poller> poller_;
  net::Timers timers_;  // first to go, and disarms what is armed
  ConnectionLog connection_log_;
  UnixSeconds last_silence_check_ = 0;
  std::atomic<int> stops_{0};

  std::vector<Arrival> arrivals_ EMBER_GUARDED_BY(mutex_);
  UdpOptions udp_ EMBER_GUARDED_BY(mutex_);
  std::vector<Lines> lines_ EMBER_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace ember::server
