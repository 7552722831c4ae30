// SPDX-License-Identifier: BSD-3-Clause
// Timers: what one loop does at a time of its own accord: idle time-outs, limits of handshakes,
// connects and requests. A TimerWheel with the clock, and the two lines that a loop's turn needs:
//
//   poller.turn(timers.wait_ms(limit));
//   timers.run();
//
// Ownership: the clock outlives it; it outlives nothing: whatever is armed when it goes is
// disarmed. Timers and owners are their user's, until cancelled or due. Threads: the loop's.
// Callbacks come from inside run(). Cost: nothing but a comparison a turn while nothing is armed;
// otherwise reads the clock twice a turn (some 25 ns each). Arming and cancelling: timer_wheel.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"
#include "server/net/timer_wheel.h"

namespace ember::server::net {

class Timers {
 public:
  explicit Timers(const Clock& clock) : clock_(clock), wheel_(clock.now_ms()) {}

  /// Returns the present, on the scale of deadlines: milliseconds since the epoch.
  uint64_t now_ms() const { return clock_.now_ms(); }

  /// Tells `owner` once `deadline_ms` has come, never early. A deadline that has passed is due in
  /// the next run(). An armed timer gets the new deadline and owner.
  void arm(Timer& timer, uint64_t deadline_ms, TimerOwner& owner) {
    loop_.assume();
    wheel_.arm(timer, deadline_ms, owner);
  }

  /// The same, `delay_ms` from now.
  void arm_in(Timer& timer, uint64_t delay_ms, TimerOwner& owner) {
    arm(timer, now_ms() + delay_ms, owner);
  }

  /// Disarms the timer, if it is armed: on_due() is not called.
  void cancel(Timer& timer) {
    loop_.assume();
    wheel_.cancel(timer);
  }

  /// Returns how long the poller may wait: `limit_ms` (Poller::kForever: without limit), or less,
  /// so that nothing is due for long.
  int wait_ms(int limit_ms) const;

  /// Tells the owners of all timers whose deadlines have come.
  void run() {
    loop_.assume();
    if (!wheel_.empty()) {
      wheel_.run(clock_.now_ms());
    }
  }

  /// Returns the number of armed timers.
  size_t size() const {
    loop_.assume();
    return wheel_.size();
  }

 private:
  Role loop_;
  const Clock& clock_;
  TimerWheel wheel_ EMBER_GUARDED_BY(loop_);
};

}  // namespace ember::server::net
