// SPDX-License-Identifier: BSD-3-Clause
// The region in ordinary memory: anonymous, taken from the system as it is first written. Nothing
// of it outlives the process.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/region/memory_region.h"

namespace ember::storage {

struct DramOptions {
  size_t size = 0;           // bytes, a multiple of 4096
  bool huge_pages = false;   // take huge pages, if there are any
  bool preallocate = false;  // take all of it now; then it cannot grow
};

/// Opens a region of zeros. Returns why not where the system gives no such mapping.
/// Requires: a size that is not 0.
/// Huge pages come from the pool set aside for them (hugetlb), or else transparently; where there
/// are neither, the region has usual pages (MemoryRegion::page_kind tells).
/// Cost: addresses only, unless preallocated: then the time to clear all of it.
Result<std::unique_ptr<MemoryRegion>> open_dram_region(const DramOptions& options);

/// Returns how far a region in DRAM that began with `size` bytes can grow: so many addresses are
/// set aside for it.
constexpr size_t dram_capacity(size_t size) {
  constexpr size_t kAtLeast = 16 * kGiB;
  constexpr size_t kTimes = 4;
  constexpr size_t kAtMost = 512 * kGiB - kMiB;  // what the index can name
  const size_t wanted = size > kAtMost / kTimes ? kAtMost : size * kTimes;
  return wanted < kAtLeast ? kAtLeast : wanted;
}

}  // namespace ember::storage
