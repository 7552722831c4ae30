// SPDX-License-Identifier: BSD-3-Clause
// StoreOptions: what a store is made with. What may change while it runs: store_tuning.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace ember::storage {

struct StoreOptions {
  /// Bytes of item memory, whole MiB. The region is exactly this large.
  size_t memory_limit = 64 * kMiB;
  /// The largest item: key + value + header. 1 KiB to 1 GiB.
  size_t item_size_max = kMiB;
  /// Growth of chunk sizes from class to class.
  double growth_factor = 1.08;
  /// Smallest space for key + value.
  size_t min_item_space = 24;
  /// Answer no_memory instead of evicting.
  bool evict = true;
  /// 2^this buckets to begin with; 0: grow from small.
  unsigned hash_power = 0;
  /// Count items by size from the start.
  bool track_sizes = false;

  // Of a persistent region only.
  /// Refuse a region that cannot be taken over, instead of starting empty.
  bool strict = false;
  /// Threads that look through it at start.
  unsigned recovery_threads = 1;
  /// When this becomes true, looking through it is given up: open() fails, and what is in the
  /// region is left to the next one as it was found. Outlives open().
  const std::atomic<bool>* give_up = nullptr;
  /// So many CAS numbers are set aside at a time: what a crash may skip.
  uint64_t cas_reserve = uint64_t{1} << 24;
};

}  // namespace ember::storage
