// SPDX-License-Identifier: BSD-3-Clause
// Pressure: what a class has lost to eviction of late; the PageBalancer judges classes by it.
// Threads: the janitor looks; any reads. The class's events are read under its mutex.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/slab/slab_class.h"

namespace ember::storage {

struct Pressure {
  std::atomic<uint64_t> main_evicted{0};  // at the last look
  std::atomic<uint64_t> taken{0};
  std::atomic<uint64_t> ghost_hits{0};
  std::atomic<double> loss{0};  // bytes of value lost to eviction between looks, smoothed

  /// Bytes of value lost since the last look.
  double since(const ClassCounters& events, uint32_t chunk_size) const;
  /// Takes the counts as they are now for the last look. Returns the loss, smoothed.
  double look(const ClassCounters& events, uint32_t chunk_size);
};

}  // namespace ember::storage
