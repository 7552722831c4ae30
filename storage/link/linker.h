// SPDX-License-Identifier: BSD-3-Clause
// Linker: how an item enters the index, and how it leaves it: seal, queue and entry, in the order
// that readers and a crash need (storage/README.md, Publishing and ending). What may be written is
// judged by the Writer; who has to go by the Evictor.
//
// Threads: any. Each call holds, or takes, the lock of the key's bucket.
// Cost: in DRAM no more than the stores; on persistent memory one flush and fence before the seal,
// one after it, one for the item that ends.
#pragma once

#include <cstdint>

#include "storage/core/core.h"
#include "storage/item/item_writer.h"
#include "storage/link/reclaimer.h"
#include "storage/link/thread_state.h"
#include "storage/stats/store_counters.h"

namespace ember::storage {

class Linker {
 public:
  Linker(StoreCore& core, StoreCounters& counters, Reclaimer& reclaimer)
      : core_(core), counters_(counters), reclaimer_(reclaimer) {}

  /// A filled item that is not linked yet. Its chunks are busy, and the linker's after the call.
  struct NewItem {
    Item* item = nullptr;
    const ItemPlan& plan;
    const ItemWriter::Commit& commit;
  };
  /// Makes the item the one of its key, and ends the item at `old` (none: no hit), durable when it
  /// returns. Requires: `lock` is of the key's bucket; `old` was found under it.
  void link(ThreadState& thread, Index::WriteLock& lock, const NewItem& added,
            const Index::Hit& old);

  /// Makes the copy of an item the one of its key, in the same place of the queue and with the same
  /// use; ends the item at `hit`. Requires: as link().
  void replace_by_copy(ThreadState& thread, const NewItem& copy, const Index::Hit& hit);

  /// Takes an entry out and ends its item. Requires: `hit` was found under `lock`.
  void unlink(ThreadState& thread, Index::WriteLock& lock, const Index::Hit& hit);
  /// The same for an item known by its place; locks the bucket. Returns false if the index does not
  /// name it any more.
  bool unlink(ThreadState& thread, uint64_t offset, Hash hash);

 private:
  uint8_t entry_state(const Item& item, const ItemPlan& plan, const Index::Hit& old) const;
  void seal_durably(const NewItem& added) const;
  void enter_queue(const Item& item, uint8_t state);
  void end_item(ThreadState& thread, uint64_t offset);

  StoreCore& core_;
  StoreCounters& counters_;
  Reclaimer& reclaimer_;
};

}  // namespace ember::storage
