// SPDX-License-Identifier: BSD-3-Clause
// TimerWheel: deadlines in milliseconds, and which of them have come. Times are given: it has no
// clock and waits for nothing. Not a loop's timers: those are timers.h, which has the clock.
//
// A hierarchical wheel: level 0 has 64 slots of 1 ms, every further level 64 slots, each as long as
// the whole level below. A timer lies in the level of the highest bits in which its deadline
// differs from the present; when the present reaches its slot, it is put into a lower level, or is
// due. Nothing fires early, or later than the first run() after its deadline.
//
//   level   slot       covers
//   0       1 ms       64 ms
//   1       64 ms      4 s
//   2       4.1 s      4.4 min
//   3       4.4 min    4.7 h
//   4       4.7 h      12 days
//   5       12 days    2.2 years
//
// Ownership: timers and their owners are the user's; the wheel refers to both while a timer is
// armed.
// Threads: one's.
// Cost: arm() and cancel() are O(1), whatever the number of timers; a timer is moved at most five
// times between arm() and its deadline. Memory: 24 bytes an armed timer, 8 in the timer itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace ember::server::net {

/// Something that has a deadline: a base of it, or a member. Not armed at first.
///
/// Whoever moves a deadline often (a connection, at each request) does not arm it again each time:
/// keep the time of the last event, and when the timer is due, compare and arm it for the rest.
class Timer {
 public:
  Timer() = default;
  /// Requires: not armed. A wheel that is gone has disarmed its timers.
  ~Timer() { debug_check(!armed(), "a timer is cancelled before it goes"); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return timer_place.slot != kNowhere; }

  /// Where the wheel keeps the timer. The wheel's alone.
  static constexpr uint32_t kNowhere = UINT32_MAX;
  struct Place {
    uint32_t slot = kNowhere;
    uint32_t index = 0;  // within the slot
  };
  Place timer_place;
};

/// Told of timers that are due.
class TimerOwner {
 public:
  /// The deadline has come; the timer is no longer armed. May arm and cancel any timer, and destroy
  /// this one.
  virtual void on_due(Timer& timer) = 0;

 protected:
  ~TimerOwner() = default;
};

class TimerWheel {
 public:
  /// `now_ms`: the present, on the time scale of all deadlines.
  explicit TimerWheel(uint64_t now_ms) : now_ms_(now_ms) {}
  /// Disarms what is armed.
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Tells `owner` once `deadline_ms` has come; a deadline that has passed is due in the next
  /// run(), never in the one under way. An armed timer gets the new deadline and owner.
  void arm(Timer& timer, uint64_t deadline_ms, TimerOwner& owner);

  /// Disarms the timer, if it is armed: on_due() is not called, even if the deadline has come.
  void cancel(Timer& timer);

  /// Tells the owners of all timers with deadlines up to `now_ms`, in no particular order.
  /// Requires: `now_ms` is not before that of the last run(); not called from on_due().
  void run(uint64_t now_ms);

  /// Returns when run() has something to do next: never later than the earliest deadline, perhaps
  /// sooner. Requires: not empty; not called from on_due().
  uint64_t next_ms() const { return next_slot().begins_ms; }

  /// Returns the number of armed timers.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  static constexpr uint32_t kLevelBits = 6;
  static constexpr uint32_t kLevels = 6;
  static constexpr uint32_t kSlotsPerLevel = 1U << kLevelBits;
  /// The slot of those that are due and not told yet.
  static constexpr uint32_t kDue = kLevels * kSlotsPerLevel;
  /// A timer with a later deadline is put here first.
  static constexpr uint64_t kMaxAhead = uint64_t{1} << (kLevelBits * kLevels - 1);

  struct Entry {
    uint64_t deadline_ms;
    Timer* timer;
    TimerOwner* owner;
  };
  struct Slot {
    uint32_t number;
    uint64_t begins_ms;
  };

  Slot next_slot() const;
  void put(const Entry& entry);
  void insert(uint32_t slot, const Entry& entry);
  void remove(Timer& timer);
  void open_slot(uint32_t slot, uint64_t now_ms);
  void tell_due();

  uint64_t now_ms_;
  size_t size_ = 0;
  bool running_ = false;
  std::array<uint64_t, kLevels> occupied_{};  // a bit a slot
  std::array<std::vector<Entry>, kDue + 1> slots_;
};

}  // namespace ember::server::net
