// SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include <ctime>

namespace ember {
namespace {

int64_t seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec;
}

}  // namespace

Clock::Clock()
    : started_(static_cast<UnixSeconds>(seconds_of(CLOCK_REALTIME))),
      monotonic_origin_(seconds_of(CLOCK_MONOTONIC)),
      now_(started_) {}

void Clock::tick() {
  const int64_t elapsed = seconds_of(CLOCK_MONOTONIC) - monotonic_origin_;
  now_.store(started_ + static_cast<UnixSeconds>(elapsed) + ahead_.load(std::memory_order_relaxed),
             std::memory_order_relaxed);
}

void Clock::advance(uint32_t seconds) {
  ahead_.fetch_add(seconds, std::memory_order_relaxed);
  tick();
}

}  // namespace ember
