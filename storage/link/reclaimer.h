// SPDX-License-Identifier: BSD-3-Clause
// Reclaimer: chunks on their way from unlinked to free. A chunk that was taken out of the index is
// retired by the thread that did it, and given back to its class once every thread has announced a
// later epoch, and no reply sends from it.
//
// Ownership: each thread has its RetiredChunks; what it leaves when it sleeps or goes become
// orphans, which the next thread that runs short of memory, or the janitor, adopts.
// Threads: a RetiredChunks is used by its own thread only; the rest any.
// Cost: quiesce() without retired chunks is one store; with some, the oldest epoch of all threads.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "storage/core/core.h"
#include "storage/link/epoch.h"
#include "storage/read/pins.h"

namespace ember::storage {

/// Chunks that were unlinked in an epoch: free once all threads have left it.
struct RetiredBatch {
  uint64_t epoch = 0;
  std::vector<uint64_t> chunks;
};

/// What one thread has retired and not given back yet, and its place in the epochs.
struct RetiredChunks {
  Epochs::Slot* slot = nullptr;
  std::vector<uint64_t> unlinked;    // since the last epoch this thread closed
  std::deque<RetiredBatch> batches;  // by epoch, the oldest first

  bool empty() const { return unlinked.empty() && batches.empty(); }
};

class Reclaimer {
 public:
  Reclaimer(StoreCore& core, const Pins& pins) : core_(core), pins_(pins) {}

  /// A thread comes, and is online; and goes, leaving its chunks as orphans.
  void enter(RetiredChunks& thread);
  void leave(RetiredChunks& thread);

  /// A chunk was just unlinked. Its state becomes retired. Requires: the caller holds the lock of
  /// the bucket that named it.
  void retire(RetiredChunks& thread, uint64_t chunk) {
    SlabClass& size_class = core_.slabs.of(chunk);
    size_class.note_retired();
    const uint8_t before = core_.pages.exchange_state(chunk, chunk_state::kRetired);
    debug_check(chunk_state::is_queued(before) || before == chunk_state::kPart ||
                    before == chunk_state::kDirectory,
                "a chunk that is retired belonged to a linked item");
    size_class.left(before);
    thread.unlinked.push_back(chunk);
  }

  /// Nothing this thread found earlier is used any more (StoreThread).
  void quiesce(RetiredChunks& thread) EMBER_EXCLUDES(orphans_mutex_);
  void go_offline(RetiredChunks& thread) EMBER_EXCLUDES(orphans_mutex_);
  void go_online(RetiredChunks& thread) { epochs_.go_online(thread.slot); }

  /// Chunks that no thread waits for are this thread's from now on.
  void adopt_orphans(RetiredChunks& thread) EMBER_EXCLUDES(orphans_mutex_);

 private:
  void close_epoch(RetiredChunks& thread);
  void collect(RetiredChunks& thread);
  void leave_orphans(RetiredChunks& thread) EMBER_EXCLUDES(orphans_mutex_);

  StoreCore& core_;
  const Pins& pins_;
  Epochs epochs_;
  Mutex orphans_mutex_;
  std::deque<RetiredBatch> orphans_ EMBER_GUARDED_BY(orphans_mutex_);
};

}  // namespace ember::storage
