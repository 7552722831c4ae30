// SPDX-License-Identifier: BSD-3-Clause
// StoreThread: what one thread brings to the store: its place in the epochs, the chunks it has
// freed but others may still read, its counters.
// Threads: owned and used by one; the store reads its counters from others.
#pragma once

#include <cstdint>

#include "storage/core/store_stats.h"

namespace ember::storage {

class StoreObserver;

class StoreThread {
 public:
  virtual ~StoreThread() = default;

  /// Nothing found earlier is used any more. Once per turn of the loop.
  virtual void quiesce() = 0;
  /// About to sleep: like quiesce(), and memory need not wait for this thread until online().
  virtual void offline() = 0;
  virtual void online() = 0;

  /// This thread's counters for a class, to be incremented by whoever serves commands.
  virtual UseCounters& use(uint8_t class_id) = 0;

  /// From now on `observer`, which outlives this, is told of what this thread's calls bring about.
  virtual void observe(StoreObserver& observer) = 0;
};

}  // namespace ember::storage
