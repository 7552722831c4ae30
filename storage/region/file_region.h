// SPDX-License-Identifier: BSD-3-Clause
// The region in a memory file: a file of the page cache (tmpfs, a disk) or of persistent memory
// (DAX), or a devdax device. It outlives the process; what it holds is for the store to judge.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/region/memory_region.h"

namespace ember::storage {

struct FileOptions {
  std::string path;
  size_t size = 0;          // bytes, whole MiB
  bool huge_pages = false;  // take huge pages, if there are any (tmpfs)
};

/// Opens the file at `path`, makes it if there is none, and takes all room on its volume, so that
/// no later store lacks some. A longer file keeps its end (MemoryRegion::whole). A device is taken
/// as it is.
/// Ownership: the file is locked for this process until the region ends.
/// Returns why not, with a remedy: the file cannot be opened, is in use, its volume is full, the
/// device is too small.
/// Cost: for a new file on a disk, the time the file system takes to allocate.
Result<std::unique_ptr<MemoryRegion>> open_file_region(const FileOptions& options);

/// Returns what `--memory-limit=auto` means for the file at `path`, in bytes, whole MiB: its size;
/// or, if there is no file yet, what its volume has free beyond volume_reserve(). Returns why not
/// where that is less than a MiB or cannot be told.
Result<size_t> file_size_for_auto(const std::string& path);

/// Returns the bytes of a volume of this size that `auto` leaves free, for the state file and for
/// others: a sixteenth, at least 16 MiB.
constexpr size_t volume_reserve(size_t volume) {
  return volume / 16 > 16 * kMiB ? volume / 16 : 16 * kMiB;
}

}  // namespace ember::storage
