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
      started_(system_seconds()),
      ticked_(started_),
      now_(started_) {}

UnixSeconds Clock::system_seconds() const {
  return static_cast<UnixSeconds>((epoch_ns_ + nanoseconds_of(CLOCK_MONOTONIC)) / kNanoseconds);
}

uint64_t Clock::now_ms() const {
  constexpr int64_t kPerMillisecond = kNanoseconds / 1000;
  const auto system =
      static_cast<uint64_t>((epoch_ns_ + nanoseconds_of(CLOCK_MONOTONIC)) / kPerMillisecond);
  return system + uint64_t{ahead_.load(std::memory_order_relaxed)} * 1000;
}

void Clock::tick() {
  ticked_.store(system_seconds(), std::memory_order_relaxed);
  advance(0);
}

void Clock::advance(uint32_t seconds) {
  const uint32_t ahead = ahead_.fetch_add(seconds, std::memory_order_relaxed) + seconds;
  now_.store(ticked_.load(std::memory_order_relaxed) + ahead, std::memory_order_relaxed);
}

}  // namespace ember
