// SPDX-License-Identifier: BSD-3-Clause
// Worker: one thread that serves connections: a poller, timers, the sessions on it, and the service
// that answers them. Not the answering: a factory brings that (service.h), so that a worker knows
// neither the store nor a proxy.
//
// Threads: start(), add_connection(), serve_datagrams(), stop(), join() and what it reports from
// any; everything else is the worker's own. Requests share nothing with other workers but what
// the service shares.
// Ownership: owns poller, service and sessions; its parts outlive it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "server/auth/sasl_gate.h"
#include "server/connection_log.h"
#include "server/listen/connection_limit.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/net/tls/tls_context.h"
#include "server/net/udp_rate_limiter.h"
#include "server/service.h"
#include "server/session/session_set.h"
#include "server/session/udp_session.h"
#include "server/watch/watch_log.h"

namespace ember::server {

struct WorkerOptions {
  net::PollerKind poller = net::PollerKind::epoll;
  session::SessionOptions session;
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

class Worker final : private net::LoopHooks {
 public:
  /// What a worker works with; outlives it.
  struct Parts {
    ServiceFactory make_service;
    const Clock& clock;
    ConnectionLimit& limit;
    /// Where this worker reports its connections. Its own.
    WatchLog& log;
    /// Null: no TLS.
    net::TlsContext* tls = nullptr;
    /// -S; null without.
    Sasl* sasl = nullptr;
  };

  /// `index`: the worker's number, for the thread's name.
  Worker(Parts parts, const WorkerOptions& options, size_t index);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Returns once the thread waits for connections; or why it cannot: then the thread has ended.
  /// Once.
  Result<void> start();

  /// Serves a connection, which has its place in the limit, accepted on listener number `listener`.
  /// Requires: start() succeeded.
  void add_connection(Fd connection, uint32_t listener) EMBER_EXCLUDES(mutex_);

  /// Serves datagrams too, from now on. Once. Requires: start() succeeded.
  void serve_datagrams(const UdpOptions& options) EMBER_EXCLUDES(mutex_);

  /// Lets the worker finish what is in flight, then end. Called again: end at once.
  void stop();
  /// Waits until the thread has ended.
  void join();

  // What it reports. Requires: start() succeeded.
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

  void run(std::promise<Result<void>> opened);
  Result<void> open() EMBER_REQUIRES(worker_);
  Result<void> open_poller() EMBER_REQUIRES(worker_);
  void serve() EMBER_REQUIRES(worker_);
  void turn(int timeout_ms) EMBER_REQUIRES(worker_);
  void finish() EMBER_REQUIRES(worker_);
  void take_arrivals() EMBER_REQUIRES(worker_) EMBER_EXCLUDES(mutex_);
  void open_udp() EMBER_REQUIRES(worker_, mutex_);
  void close_udp() EMBER_REQUIRES(worker_) EMBER_EXCLUDES(mutex_);

  void before_sleep() override;
  void after_sleep() override;
  void on_wake() override;

  Parts parts_;
  WorkerOptions options_;
  size_t index_;
  Role worker_;
  mutable Mutex mutex_;
  // Made by open() before start() returns, and then the same to the end.
  std::unique_ptr<Service> service_ EMBER_GUARDED_BY(worker_);
  std::unique_ptr<SaslGate> gate_;  // before the service's handler, with -S
  std::unique_ptr<session::SessionSet> sessions_;
  // Before the poller, which refers to them. Changed by the worker alone.
  std::vector<std::unique_ptr<session::UdpSession>> udp_sessions_ EMBER_GUARDED_BY(mutex_);
  std::unique_ptr<net::Poller> poller_;
  net::Timers timers_;  // first to go, and disarms what is armed
  ConnectionLog connection_log_ EMBER_GUARDED_BY(worker_);
  std::atomic<int> stops_{0};

  std::vector<Arrival> arrivals_ EMBER_GUARDED_BY(mutex_);
  UdpOptions udp_ EMBER_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace ember::server
