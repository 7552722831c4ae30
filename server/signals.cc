// SPDX-License-Identifier: BSD-3-Clause
#include "server/signals.h"

#include <pthread.h>

#include "base/log.h"

namespace ember::server {

SignalWaiter::SignalWaiter() : signals_{} {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    sigaddset(&signals_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int SignalWaiter::wait() const {
  while (true) {
    int number = 0;
    if (::sigwait(&signals_, &number) != 0) {
      continue;
    }
    if (number != SIGHUP) {
      return number;
    }
    log::info("SIGHUP: there is nothing to reload");
  }
}

void SignalWaiter::restore() const { ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

}  // namespace ember::server
