// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/check.h"
#include "base/log.h"

namespace ember::server {
namespace {

/// Signals within this time of each other are one.
constexpr std::chrono::milliseconds kTogether{200};
/// How long a wait for a signal lasts, until `stop` is looked at again.
constexpr long kLookNs = 10'000'000;

}  // namespace

SignalWaiter::SignalWaiter() : signals_{} {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    sigaddset(&signals_, number);
  }
  const int blocked = ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  check(blocked == 0, "a process may block its signals");
}

int SignalWaiter::wait(const std::function<void()>& reload) const {
  while (true) {
    int number = 0;
    if (::sigwait(&signals_, &number) != 0) {
      continue;
    }
    check(::sigismember(&signals_, number) == 1,
          "only the signals that are blocked are waited for");
    if (number != SIGHUP) {
      return number;
    }
    reload();
  }
}

int SignalWaiter::wait_ending(long nanoseconds) const {
  check(nanoseconds >= 0 && nanoseconds < 1'000'000'000, "a wait is shorter than a second");
  const timespec time{.tv_sec = 0, .tv_nsec = nanoseconds};
  sigset_t ending = signals_;
  sigdelset(&ending, SIGHUP);  // waits for wait(), so that none is lost
  const int number = ::sigtimedwait(&ending, nullptr, &time);
  return number > 0 ? number : 0;
}

int SignalWaiter::watch_start(const std::stop_token& stop, std::atomic<bool>& give_up) const {
  while (!stop.stop_requested()) {
    if (const int number = wait_ending(kLookNs); number != 0) {
      log::info("signal {} during the start: ending", number);
      give_up.store(true, std::memory_order_relaxed);
      watch_for_another(stop);
      return number;
    }
  }
  return 0;
}

void SignalWaiter::watch_for_another(const std::stop_token& stop) const {
  using std::chrono::steady_clock;
  const auto counts_from = steady_clock::now() + kTogether;
  while (!stop.stop_requested()) {
    const int number = wait_ending(kLookNs);
    if (number != 0 && steady_clock::now() > counts_from) {
      log::warning("signal {} again: ending at once", number);
      ::_exit(EXIT_FAILURE);
    }
  }
}

}  // namespace ember::server
