// SPDX-License-Identifier: BSD-3-Clause
// Clock: the coarse time that items expire by, in whole seconds; and the same time in milliseconds,
// for the timers of loops.
// Not for measuring durations: use std::chrono::steady_clock.
// Threads: one thread ticks; any thread reads, at the cost of a relaxed load.
#pragma once

#include <atomic>
#include <cstdint>

namespace ember {

/// Seconds since the Unix epoch. 32 bits last until 2106; it is also the form kept in items.
using UnixSeconds = uint32_t;

class Clock {
 public:
  /// Starts at the present second.
  Clock();

  /// Seconds since the epoch, as of the last tick.
  UnixSeconds now() const { return now_.load(std::memory_order_relaxed); }

  /// Milliseconds since the epoch, on the same scale, without waiting for a tick: now() is up to
  /// one tick behind. Never goes back. Cost: asks the system's monotonic clock.
  uint64_t now_ms() const;

  /// Seconds since the clock was made, at least 1 (memcached's own clock starts at 2 s).
  uint32_t uptime() const { return now() - started_ + 1; }

  UnixSeconds started() const { return started_; }

  /// Takes the time from the system. It follows the monotonic clock, so that a jump of the wall
  /// clock while running neither expires items nor keeps them. A second begins when the wall
  /// clock's does: the next process's clock is not behind this one's.
  void tick();

  /// For tests and `debugtime`: from now on the clock is this much ahead of the system's. By just
  /// this much: seconds that went by since the last tick are the next one's.
  void advance(uint32_t seconds);

 private:
  UnixSeconds system_seconds() const;

  int64_t epoch_ns_;  // the monotonic clock's zero, since the Unix epoch
  UnixSeconds started_;
  std::atomic<UnixSeconds> ticked_;  // the system's time, as of the last tick
  std::atomic<uint32_t> ahead_{0};
  std::atomic<UnixSeconds> now_;
};

}  // namespace ember
