// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ember::server::net {

static_assert(sizeof(Timer) == 8, "every connection has one");

TimerWheel::~TimerWheel() {
  for (const auto& slot : slots_) {
    for (const Entry& entry : slot) {
      entry.timer->timer_place = {};
    }
  }
}

void TimerWheel::arm(Timer& timer, uint64_t deadline_ms, TimerOwner& owner) {
  if (timer.armed()) {
    remove(timer);
  }
  put({.deadline_ms = deadline_ms, .timer = &timer, .owner = &owner});
  debug_check(timer.timer_place.slot < kDue, "an armed timer is in a slot, and not due yet");
}

void TimerWheel::cancel(Timer& timer) {
  if (timer.armed()) {
    remove(timer);
  }
}

/// Puts the entry where its deadline belongs, seen from the present.
void TimerWheel::put(const Entry& entry) {
  const uint64_t when = std::clamp(entry.deadline_ms, now_ms_ + 1, now_ms_ + kMaxAhead);
  const auto highest_bit = static_cast<uint32_t>(std::bit_width(when ^ now_ms_)) - 1;
  const uint32_t level = std::min(highest_bit / kLevelBits, kLevels - 1);
  const uint64_t slot = (when >> (level * kLevelBits)) % kSlotsPerLevel;
  insert(level * kSlotsPerLevel + static_cast<uint32_t>(slot), entry);
  occupied_[level] |= uint64_t{1} << slot;
}

void TimerWheel::insert(uint32_t slot, const Entry& entry) {
  debug_check(!entry.timer->armed(), "a timer is in one slot");
  entry.timer->timer_place = {.slot = slot, .index = static_cast<uint32_t>(slots_[slot].size())};
  slots_[slot].push_back(entry);
  ++size_;
}

/// The last entry of the slot takes the place of the one that goes.
void TimerWheel::remove(Timer& timer) {
  const Timer::Place place = std::exchange(timer.timer_place, {});
  check(place.slot <= kDue && place.index < slots_[place.slot].size() &&
            slots_[place.slot][place.index].timer == &timer,
        "a timer is armed in this wheel");
  auto& slot = slots_[place.slot];
  if (const Entry last = slot.back(); last.timer != &timer) {
    slot[place.index] = last;
    last.timer->timer_place.index = place.index;
  }
  slot.pop_back();
  --size_;
  if (slot.empty() && place.slot != kDue) {
    occupied_[place.slot / kSlotsPerLevel] &= ~(uint64_t{1} << place.slot % kSlotsPerLevel);
  }
}

/// Of the lowest level that has timers: all others begin when that level is over.
TimerWheel::Slot TimerWheel::next_slot() const {
  const auto* const lowest =
      std::ranges::find_if(occupied_, [](uint64_t bits) { return bits != 0; });
  check(lowest != occupied_.end(), "a wheel that is asked for its next slot has timers");
  const auto level = static_cast<uint32_t>(lowest - occupied_.begin());
  const uint64_t present = now_ms_ >> (level * kLevelBits);
  const uint64_t ahead = static_cast<uint64_t>(
      std::countr_zero(std::rotr(*lowest, static_cast<int>(present % kSlotsPerLevel))));
  debug_check(ahead > 0, "the present's own slot is empty");
  const uint64_t next = present + ahead;
  return {.number = level * kSlotsPerLevel + static_cast<uint32_t>(next % kSlotsPerLevel),
          .begins_ms = next << (level * kLevelBits)};
}

/// The present has reached the slot: its timers are due or go to lower levels.
void TimerWheel::open_slot(uint32_t slot, uint64_t now_ms) {
  const std::vector<Entry> entries = std::exchange(slots_[slot], {});
  check(!entries.empty(), "an occupied slot has timers");
  occupied_[slot / kSlotsPerLevel] &= ~(uint64_t{1} << slot % kSlotsPerLevel);
  size_ -= entries.size();
  for (const Entry& entry : entries) {
    entry.timer->timer_place = {};
    if (entry.deadline_ms <= now_ms) {
      insert(kDue, entry);
    } else {
      put(entry);
    }
  }
}

void TimerWheel::run(uint64_t now_ms) {
  check(!running_, "a wheel does not run while it runs");
  debug_check(now_ms >= now_ms_, "time does not go back");
  while (size_ > slots_[kDue].size()) {
    const Slot next = next_slot();
    if (next.begins_ms > now_ms) {
      break;
    }
    now_ms_ = next.begins_ms;
    open_slot(next.number, now_ms);
  }
  now_ms_ = std::max(now_ms_, now_ms);
  tell_due();
}

void TimerWheel::tell_due() {
  running_ = true;
  // One by one from the slot, since each may cancel others.
  while (!slots_[kDue].empty()) {
    const Entry entry = slots_[kDue].back();
    debug_check(entry.deadline_ms <= now_ms_, "nothing fires early");
    remove(*entry.timer);
    entry.owner->on_due(*entry.timer);
  }
  running_ = false;
}

}  // namespace ember::server::net
