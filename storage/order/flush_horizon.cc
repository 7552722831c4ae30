// SPDX-License-Identifier: BSD-3-Clause
#include "storage/order/flush_horizon.h"

#include <utility>

#include "base/check.h"

namespace ember::storage {

void FlushHorizon::restore(uint64_t horizon, UnixSeconds due, Keep keep) {
  const MutexLock lock(mutex_);
  check(turn_.load() == 0, "a horizon is restored before the first flush");
  horizon_.store(horizon);
  due_.store(due);
  keep_ = std::move(keep);
}

void FlushHorizon::keep(uint64_t horizon, UnixSeconds due) {
  if (keep_) {
    keep_(horizon, due);
  }
}

void FlushHorizon::move() {
  // Sequentially consistent: a writer that finds the turn unchanged after taking its sequence is
  // in the horizon read below.
  check(turn_.fetch_add(1) % 2 == 0, "one flush is under way at a time");
  const uint64_t horizon = order_.last();
  debug_check([&] { return horizon >= horizon_.load(); }, "the horizon only moves forward");
  keep(horizon, 0);
  horizon_.store(horizon);
  turn_.fetch_add(1);
}

void FlushHorizon::flush(UnixSeconds when) {
  apply_due_flush();
  const MutexLock lock(mutex_);
  if (when > clock_.now()) {
    keep(horizon_.load(), when);
    due_.store(when);
    return;
  }
  due_.store(0);
  move();
}

void FlushHorizon::flush_if_due() {
  if (due_.load() > clock_.now()) {
    return;
  }
  const MutexLock lock(mutex_);
  const UnixSeconds due = due_.load();
  if (due != 0 && due <= clock_.now()) {
    move();
    due_.store(0);
    debug_check([&] { return turn_.load() % 2 == 0; }, "a flush that happened is over");
  }
}

uint64_t FlushHorizon::turn() {
  apply_due_flush();
  uint64_t turn = turn_.load();
  while (turn % 2 != 0) {
    const MutexLock wait(mutex_);
    turn = turn_.load();
  }
  debug_check(turn % 2 == 0, "no flush was under way at this turn");
  return turn;
}

}  // namespace ember::storage
