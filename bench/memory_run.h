// SPDX-License-Identifier: BSD-3-Clause
// MemoryRun: stores all keys once and compares what clients stored with what the server took.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "bench/load_run.h"

namespace ember::bench {

struct MemoryResult {
  uint64_t items_held = 0;
  uint64_t evictions = 0;
  uint64_t user_bytes = 0;  // keys and values of all items held, by the average if some are gone
  uint64_t resident_before = 0;  // of the server, before the first item
  uint64_t resident_after = 0;
  double seconds = 0;
  double user_per_resident() const {
    return resident_after == 0
               ? 0
               : static_cast<double>(user_bytes) / static_cast<double>(resident_after);
  }
};

/// Needs options.server_pid.
Result<MemoryResult> perform_memory_run(const Workload& workload, const LoadOptions& options);

}  // namespace ember::bench
