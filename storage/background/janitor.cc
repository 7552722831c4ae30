// SPDX-License-Identifier: BSD-3-Clause
#include "storage/background/janitor.h"

#include "base/check.h"
#include "storage/media/superblock.h"

namespace ember::storage {
namespace {

// Buckets looked at in one round.
constexpr size_t kClockBuckets = 4096;
// A pass over the clocks must come around well before they wrap (9.1 h - 7.8 h).
constexpr UnixSeconds kClockPassEvery = 1800;

}  // namespace

/// A clock that goes back while no process runs must not bring expired items back.
void Janitor::note_time() {
  if (core_.region.persistent() && noted_ != core_.now()) {
    noted_ = core_.now();
    Superblock::note_time(core_.region, noted_);
  }
}

/// Items that lie idle for long show the largest idle time there is, instead of a wrapped one.
void Janitor::stop_access_clocks() {
  const UnixSeconds now = core_.now();
  if (clock_bucket_ == 0 && now - clock_pass_ < kClockPassEvery) {
    return;
  }
  if (clock_bucket_ == 0) {
    clock_pass_ = now;
  }
  clock_bucket_ = core_.index->walk(clock_bucket_, kClockBuckets, [now](Index::Slot& slot) {
    const IndexEntry entry(slot.load(std::memory_order_relaxed));
    if (!entry.empty() && entry.idle_seconds(now) > IndexEntry::kMaxIdle) {
      uint64_t expected = entry.bits();
      slot.compare_exchange_strong(expected, entry.with_idle(now, IndexEntry::kMaxIdle).bits(),
                                   std::memory_order_relaxed);
    }
  });
  debug_check(clock_bucket_ % kClockBuckets == 0, "a pass goes on where the last round stopped");
}

bool Janitor::maintain(ThreadState& thread) {
  check(!in_round_.exchange(true), "one thread at a time calls maintain()");
  kJanitor.assume();
  const bool more = round(thread);
  in_round_.store(false);
  return more;
}

bool Janitor::round(ThreadState& thread) {
  rounds_.fetch_add(1, std::memory_order_relaxed);
  core_.flushed.apply_due_flush();
  note_time();
  duties_.reclaimer.adopt_orphans(thread.retired);
  if (duties_.verifier.verify_some()) {
    thread.quiesce();
    return true;
  }
  const bool more = duties_.sweeper.sweep_some(thread);
  stop_access_clocks();
  duties_.mover.continue_drains(thread);
  duties_.move_request.carry_out(thread);
  const bool shrinking = duties_.resizer.shrink_some(thread);
  duties_.balancer.balance(thread);
  thread.quiesce();
  return more || shrinking;
}

}  // namespace ember::storage
