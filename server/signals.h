// SPDX-License-Identifier: BSD-3-Clause
// SignalWaiter: the signals that end a server, as something to wait for instead of handlers.
// Threads: made on the main thread before any other is, so that all inherit the mask.
#pragma once

#include <csignal>
#include <stop_token>

namespace ember::server {

class SignalWaiter {
 public:
  /// From now on SIGTERM, SIGINT, SIGUSR1 and SIGHUP wait to be asked for, and SIGPIPE is ignored.
  SignalWaiter();

  /// Waits for a signal that ends the server, and returns it. A SIGHUP is noted in the log.
  int wait() const;

  /// While a stop is under way: another signal ends the process at once, with status 1. One that
  /// comes together with the first is no second one: timeout(1) sends two. Returns when told to.
  void watch_for_another(const std::stop_token& stop) const;

 private:
  sigset_t signals_;
};

}  // namespace ember::server
