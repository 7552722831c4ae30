// SPDX-License-Identifier: BSD-3-Clause
// ProcessUsage: what a process has used so far, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"

namespace ember::bench {

struct ProcessUsage {
  double user_seconds = 0;
  double system_seconds = 0;
  uint64_t resident_bytes = 0;
};

Result<ProcessUsage> read_process_usage(pid_t pid);

}  // namespace ember::bench
