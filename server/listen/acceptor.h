// SPDX-License-Identifier: BSD-3-Clause
// Acceptor: the thread that accepts connections and deals them out to the workers in turn, up to
// the limit of -c.
//
// Ownership: the sockets and the limit are its maker's, and outlive it; accepted connections are
// the taker's. Threads: start(), stop() and the figures from any; the rest is its own, guarded by a
// role. Errors: when the system has no more descriptors, accepting pauses, and goes on by itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "server/listen/connection_limit.h"
#include "server/net/poller.h"
#include "server/net/sockets.h"

namespace ember::server {

struct AcceptorOptions {
  net::PollerKind poller = net::PollerKind::epoll;
  /// Beyond the limit: say so and close (memcached's default). Otherwise: stop accepting.
  bool reject_beyond_limit = true;
};

class Acceptor final : private net::LoopHooks {
 public:
  /// Takes an accepted connection and the number of its listener.
  using Taker = std::function<void(Fd connection, uint32_t listener)>;

  Acceptor(const AcceptorOptions& options, const std::vector<net::ListenSocket>& sockets,
           ConnectionLimit& limit, Taker taker);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Returns once connections are accepted, or why they cannot be: then the thread has ended.
  /// Requires: not started yet.
  Result<void> start();
  /// Ends the thread, and returns when it has ended. The sockets stay their owner's. May be called
  /// again, and without a start.
  void stop();

  bool accepting() const { return !disabled_.load(std::memory_order_relaxed); }
  /// Returns how often accepting had to pause, and for how long in all.
  uint64_t disabled_count() const { return disabled_count_.load(std::memory_order_relaxed); }
  uint64_t disabled_us() const { return disabled_us_.load(std::memory_order_relaxed); }

 private:
  struct ListenSlot final : net::Listener {
    Acceptor* acceptor = nullptr;
    int fd = -1;
    uint32_t number = 0;
    void on_accept(Fd connection) override { acceptor->accepted(std::move(connection), number); }
    void on_accept_error(int error) override { acceptor->failed(error); }
  };

  void run(std::promise<Result<void>> opened);
  void accepted(Fd connection, uint32_t listener);
  void failed(int error);
  void disable() EMBER_REQUIRES(acceptor_);
  void enable() EMBER_REQUIRES(acceptor_);

  void before_sleep() override {}
  void after_sleep() override {}
  void on_wake() override {}

  [[no_unique_address]] Role acceptor_;
  AcceptorOptions options_;
  ConnectionLimit& limit_;
  Taker taker_;
  std::vector<std::unique_ptr<ListenSlot>> slots_;
  std::unique_ptr<net::Poller> poller_;  // made before start() returns, then the same
  std::chrono::steady_clock::time_point disabled_since_ EMBER_GUARDED_BY(acceptor_);
  std::atomic<bool> disabled_{false};
  std::atomic<uint64_t> disabled_count_{0};
  std::atomic<uint64_t> disabled_us_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ember::server
