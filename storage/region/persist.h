// SPDX-License-Identifier: BSD-3-Clause
// Persist: makes stores to a region durable, in order. The seam between code that writes media and
// the machine: libpmem2 on persistent memory, nothing on a page-cache file, a simulation in crash
// tests. Not the region itself (memory_region.h); Durable (durable.h) is a Persist that may be
// absent.
#pragma once

#include <cstddef>
#include <span>

namespace ember::storage {

/// Threads: any, at the same time. A fence orders the calling thread's own flushes only.
/// Cost: on persistent memory a flush is an instruction for each cache line, and a fence waits
/// until they have arrived. Errors: none can be reported; a device that fails kills the process
/// (SIGBUS).
class Persist {
 public:
  virtual ~Persist() = default;

  /// Starts writing `range` back. Not durable before the next fence() of the same thread returns.
  virtual void flush(std::span<const std::byte> range) = 0;

  /// Waits for this thread's flushes: what was flushed before is durable, and stores that follow
  /// become durable later.
  virtual void fence() = 0;
};

}  // namespace ember::storage
