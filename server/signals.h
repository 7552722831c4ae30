// SPDX-License-Identifier: BSD-3-Clause
// SignalWaiter: the signals that end a server, as something to wait for instead of handlers.
// Threads: made on the main thread before any other is, so that all inherit the mask.
#pragma once

#include <csignal>

namespace ember::server {

class SignalWaiter {
 public:
  /// From now on SIGTERM, SIGINT, SIGUSR1 and SIGHUP wait to be asked for, and SIGPIPE is ignored.
  SignalWaiter();

  /// Waits for a signal that ends the server, and returns it. A SIGHUP is noted in the log.
  int wait() const;

  /// The next such signal ends the process at once: for a stop that takes too long.
  void restore() const;

 private:
  sigset_t signals_;
};

}  // namespace ember::server
