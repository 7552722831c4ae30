// SPDX-License-Identifier: BSD-3-Clause
#include "storage/flush_horizon.h"

namespace ember::storage {

void FlushHorizon::move() {
  // Sequentially consistent: a writer that finds the turn unchanged after taking its sequence is
  // in the horizon read below.
  turn_.fetch_add(1);
  horizon_.store(last_sequence_.load());
  turn_.fetch_add(1);
}

void FlushHorizon::flush(UnixSeconds when) {
  settle();
  const MutexLock lock(mutex_);
  if (when > clock_.now()) {
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
  }
}

uint64_t FlushHorizon::turn() {
  settle();
  uint64_t turn = turn_.load();
  while (turn % 2 != 0) {
    const MutexLock wait(mutex_);
    turn = turn_.load();
  }
  return turn;
}

}  // namespace ember::storage
