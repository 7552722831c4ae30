// SPDX-License-Identifier: BSD-3-Clause
// MemoryRegion: the bytes an arena lives in, and how they are made durable. The seam between the
// store and what is below it: DRAM here; a memory file and persistent memory behind the same face.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace ember::storage {

/// Ordering of stores to the region. What was flushed before a fence is durable after it.
class Persist {
 public:
  virtual ~Persist() = default;
  virtual void flush(std::span<const std::byte> range) = 0;
  virtual void fence() = 0;
};

class MemoryRegion {
 public:
  virtual ~MemoryRegion() = default;
  /// One contiguous mapping, page aligned, the same for the region's whole life.
  virtual std::span<std::byte> bytes() = 0;
  /// Null where nothing has to be flushed for the region to outlive the process (page cache), or
  /// where it cannot outlive it at all (DRAM).
  virtual Persist* persist() = 0;
  /// Gives the memory of [offset, offset + size), a multiple of the system's page, back to the
  /// system; it reads as zeros until written again.
  virtual void discard(size_t offset, size_t size) = 0;
};

/// Anonymous memory, taken from the system as it is first written.
struct DramOptions {
  size_t size = 0;           // bytes, a multiple of 4096
  bool huge_pages = false;   // ask for transparent huge pages
  bool preallocate = false;  // take all of it now
};
Result<std::unique_ptr<MemoryRegion>> open_dram_region(const DramOptions& options);

}  // namespace ember::storage
