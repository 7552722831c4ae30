// SPDX-License-Identifier: BSD-3-Clause
// Evictor: who leaves when memory is short: expired items first, then by S3-FIFO (SlabClass has the
// queues). It works within one class; pages between classes are the PageBalancer's.
//
// Threads: any, under the mutex of the class it works for. Buckets are locked inside.
// Cost: a call for kBatch items is some microseconds; the cache misses of candidates overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "storage/core/core.h"
#include "storage/link/linker.h"
#include "storage/read/verifier.h"

namespace ember::storage {

class Evictor {
 public:
  /// Items evicted together: their cache misses overlap, one lock serves all.
  static constexpr size_t kBatch = 16;

  Evictor(StoreCore& core, const Verifier& verifier, Linker& linker)
      : core_(core), verifier_(verifier), linker_(linker) {}

  /// Unlinks about `wanted` items: expired ones, then the least valuable. Returns how many; their
  /// chunks are retired, not free yet.
  size_t evict(ThreadState& thread, SlabClass& size_class, size_t wanted)
      EMBER_REQUIRES(size_class.mutex);

  /// Unlinks expired items only, of a few pages at most. Returns how many.
  size_t reclaim_expired(ThreadState& thread, SlabClass& size_class, size_t wanted)
      EMBER_REQUIRES(size_class.mutex);

  /// Unlinks what is expired or flushed in one page, and notes when it is next worth a look.
  /// Returns how many items went.
  size_t sweep_page(ThreadState& thread, SlabClass& size_class, uint32_t page)
      EMBER_REQUIRES(size_class.mutex);

  /// Counts an eviction and tells the thread's observer. Requires: the item was just unlinked by
  /// this thread, so its bytes are readable.
  void note_eviction(ThreadState& thread, SlabClass& size_class, const Item& item, IndexEntry entry)
      EMBER_REQUIRES(size_class.mutex);

 private:
  struct Candidate {
    uint64_t chunk = 0;  // the queued one: a chained item's first part
    Hash hash = 0;
    bool from_small = false;
  };
  size_t judge(ThreadState& thread, SlabClass& size_class, std::span<const uint64_t> candidates,
               bool from_small) EMBER_REQUIRES(size_class.mutex);
  bool judge_one(ThreadState& thread, SlabClass& size_class, const Candidate& candidate)
      EMBER_REQUIRES(size_class.mutex);
  bool judge_small(ThreadState& thread, SlabClass& size_class, const Candidate& candidate,
                   const Index::Hit& hit) EMBER_REQUIRES(size_class.mutex);
  bool judge_main(ThreadState& thread, SlabClass& size_class, const Candidate& candidate,
                  const Index::Hit& hit) EMBER_REQUIRES(size_class.mutex);
  void promote(SlabClass& size_class, const Candidate& candidate, const Index::Hit& hit)
      EMBER_REQUIRES(size_class.mutex);

  StoreCore& core_;
  const Verifier& verifier_;
  Linker& linker_;
};

}  // namespace ember::storage
