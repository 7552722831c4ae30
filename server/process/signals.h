// SPDX-License-Identifier: BSD-3-Clause
// SignalWaiter: waits for the signals that end a server or reload its settings; there are no signal
// handlers. Not what the signals mean: run.cc.
// Threads: made on the main thread before any other is, so that all inherit the mask; then any.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <stop_token>

namespace ember::server {

class SignalWaiter {
 public:
  /// Blocks SIGTERM, SIGINT, SIGUSR1 and SIGHUP until wait() takes them, and ignores SIGPIPE.
  SignalWaiter();

  /// Waits for a signal that ends the server, and returns it. At every SIGHUP calls `reload`.
  int wait(const std::function<void()>& reload) const;

  /// Returns the signal that ends servers and came already; 0 if none did.
  int pending() const { return wait_ending(0); }

  /// While a start is under way: a signal that ends servers sets `give_up`; another one ends the
  /// process, as in watch_for_another(). A SIGHUP waits for wait().
  /// Returns after `stop` is requested: the signal, or 0.
  int watch_start(const std::stop_token& stop, std::atomic<bool>& give_up) const;

  /// While a stop is under way: another signal ends the process at once, with status 1. One that
  /// comes together with the first is no second one: timeout(1) sends two. Returns after `stop` is
  /// requested.
  void watch_for_another(const std::stop_token& stop) const;

 private:
  /// Returns the next signal that ends servers, if it comes within so many nanoseconds; else 0.
  int wait_ending(long nanoseconds) const;

  sigset_t signals_;
};

}  // namespace ember::server
