// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/reclaimer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace ember::storage {

void Reclaimer::enter(RetiredChunks& thread) {
  check(thread.slot == nullptr && thread.empty(), "a thread enters once, and brings nothing");
  thread.slot = epochs_.enter();
  epochs_.go_online(thread.slot);
}

void Reclaimer::leave(RetiredChunks& thread) {
  check(thread.slot != nullptr, "a thread that leaves has entered");
  leave_orphans(thread);
  epochs_.leave(std::exchange(thread.slot, nullptr));
}

void Reclaimer::quiesce(RetiredChunks& thread) {
  if (thread.empty()) {
    epochs_.announce(thread.slot);
    return;
  }
  close_epoch(thread);
  epochs_.announce(thread.slot);
  collect(thread);
}

void Reclaimer::go_offline(RetiredChunks& thread) {
  quiesce(thread);
  if (!thread.empty()) {
    leave_orphans(thread);
  }
  debug_check(thread.empty(), "a thread that sleeps keeps no chunk from others");
  epochs_.go_offline(thread.slot);
}

void Reclaimer::close_epoch(RetiredChunks& thread) {
  if (!thread.unlinked.empty()) {
    thread.batches.push_back({epochs_.close(), std::move(thread.unlinked)});
    thread.unlinked.clear();
  }
}

void Reclaimer::collect(RetiredChunks& thread) {
  if (thread.batches.empty()) {
    return;
  }
  debug_check([&] { return std::ranges::is_sorted(thread.batches, {}, &RetiredBatch::epoch); },
              "batches are in the order of their epochs");
  const uint64_t oldest = epochs_.oldest();
  while (!thread.batches.empty() && thread.batches.front().epoch < oldest) {
    std::vector<uint64_t> chunks = std::move(thread.batches.front().chunks);
    thread.batches.pop_front();
    // A chunk that a reply sends from waits for another epoch.
    std::erase_if(chunks, [&](uint64_t chunk) {
      const bool keep = pins_.pinned(chunk);
      if (keep &&
          core_.pages.exchange_state(chunk, chunk_state::kLingering) == chunk_state::kRetired) {
        core_.slabs.of(chunk).note_reclaimed();
      }
      if (keep) {
        thread.unlinked.push_back(chunk);
      }
      return keep;
    });
    core_.slabs.give_all(chunks);
  }
}

void Reclaimer::adopt_orphans(RetiredChunks& thread) {
  std::deque<RetiredBatch> orphans;
  {
    MutexLock lock(orphans_mutex_);
    orphans.swap(orphans_);
  }
  for (RetiredBatch& batch : orphans) {
    thread.batches.push_front(std::move(batch));
  }
  std::ranges::sort(thread.batches, {}, &RetiredBatch::epoch);
}

void Reclaimer::leave_orphans(RetiredChunks& thread) {
  close_epoch(thread);
  MutexLock lock(orphans_mutex_);
  for (RetiredBatch& batch : thread.batches) {
    orphans_.push_back(std::move(batch));
  }
  thread.batches.clear();
}

}  // namespace ember::storage
