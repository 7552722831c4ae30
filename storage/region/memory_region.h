// SPDX-License-Identifier: BSD-3-Clause
// MemoryRegion: the bytes an arena lives in. The seam between the store and what is below it: DRAM
// (dram_region.h), a memory file (file_region.h), a simulation in tests. A region knows nothing of
// pages, chunks and items: it maps bytes, makes them durable and gives memory back.
//
// Ownership: whoever opened the region keeps it for longer than the store on it.
// Threads: bytes(), view(), persist() and the figures: any. The calls that change the region
// (grow, cut, decommit, commit, sync): one at a time for a range, by the store.
// Invariants: bytes() starts at a system page and never moves; whole() begins with bytes(), and
// bytes() never has more than capacity().
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/region/huge_pages.h"
#include "storage/region/persist.h"

namespace ember::storage {

class MemoryRegion {
 public:
  virtual ~MemoryRegion() = default;

  /// Returns the arena: one contiguous mapping. It may grow at its end (grow()).
  virtual std::span<std::byte> bytes() = 0;

  /// Returns `room`'s size of bytes from `offset` on, to be read once: in place, or copied into
  /// `room` where a copy is quicker than a mapping.
  /// Requires: the range lies within whole(). The result is valid as long as `room` is.
  virtual std::span<const std::byte> view(size_t offset, std::span<std::byte> room);

  /// Returns how stores become durable; null where nothing has to be flushed for the region to
  /// outlive the process (page cache), or where it cannot outlive the process at all (DRAM).
  virtual Persist* persist() = 0;

  /// Returns the pages that the system maps the region by.
  virtual PageKind page_kind() const { return PageKind::usual; }

  // ---- Size.

  /// Returns the bytes that the region may grow to.
  virtual size_t capacity() { return bytes().size(); }

  /// Makes bytes() `size` large. Returns why not, with a remedy, if that cannot be.
  /// Requires: `size` is whole MiB and at least bytes().size().
  virtual Result<void> grow(size_t size);

  /// Gives a range's memory back to the system, as far as the system takes it. From then on the
  /// range reads as zeros, or as it was.
  /// Requires: the range lies within bytes() and is unused. Cost: a system call.
  virtual void decommit(size_t, size_t) {}

  /// Takes memory for a range that decommit() gave back. Returns why not where there is none left:
  /// then the range must not be written to.
  virtual Result<void> commit(size_t, size_t) { return {}; }

  // ---- What an earlier process left.

  /// Returns true if the bytes may be those of an earlier process: then a superblock stands in
  /// front, and the store recovers what is behind it.
  virtual bool persistent() const { return false; }

  /// Returns bytes(), and behind them what an earlier process had beyond, if the region was larger.
  virtual std::span<std::byte> whole() { return bytes(); }

  /// Returns how many of the bytes may be an earlier process's; those behind are new.
  virtual size_t found() { return bytes().size(); }

  /// Gives up what whole() has beyond bytes(). Returns why not; the region is usable all the same.
  virtual Result<void> cut() { return {}; }

  /// Writes what the page cache holds of [offset, offset + size) to the device; nothing to do where
  /// there is none. Returns why not. Slow: waits for the device.
  virtual Result<void> sync(size_t, size_t) { return {}; }

  /// Returns where a graceful stop leaves its state file; nothing if it should leave none.
  virtual std::optional<std::string> state_path() { return std::nullopt; }
};

}  // namespace ember::storage
