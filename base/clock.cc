// SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include <ctime>

namespace ember {
namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;

int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kNanoseconds + now.tv_nsec;
}

}  // namespace

Clock::Clock()
    : epoch_ns_(nanoseconds_of(CLOCK_REALTIME) - nanoseconds_of(CLOCK_MONOTONIC)),
      started_(
          static_cast<UnixSeconds>((epoch_ns_ + nanoseconds_of(CLOCK_MONOTONIC)) / kNanoseconds)),
      now_(started_) {}

void Clock::tick() {
  const int64_t seconds = (epoch_ns_ + nanoseconds_of(CLOCK_MONOTONIC)) / kNanoseconds;
  now_.store(static_cast<UnixSeconds>(seconds) + ahead_.load(std::memory_order_relaxed),
             std::memory_order_relaxed);
}

void Clock::advance(uint32_t seconds) {
  ahead_.fetch_add(seconds, std::memory_order_relaxed);
  tick();
}

}  // namespace ember
