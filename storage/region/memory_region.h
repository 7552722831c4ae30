// SPDX-License-Identifier: BSD-3-Clause
// MemoryRegion: the bytes an arena lives in, and how they are made durable. The seam between the
// store and what is below it: DRAM, or a memory file (page cache or persistent memory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ember::storage {

/// Ordering of stores to the region. What was flushed before a fence is durable after it.
/// Threads: any.
class Persist {
 public:
  virtual ~Persist() = default;
  virtual void flush(std::span<const std::byte> range) = 0;
  virtual void fence() = 0;
};

/// The pages of memory that the system maps a region by.
enum class PageKind : uint8_t {
  usual,
  transparent,  // huge ones where it finds some, as the region is touched
  huge,         // huge ones, set aside for the region as a whole (hugetlb)
};
/// "usual", "transparent", "hugetlb"
std::string_view name_of(PageKind kind);

class MemoryRegion {
 public:
  virtual ~MemoryRegion() = default;
  /// One contiguous mapping, page aligned. It may grow at its end (grow()), and never moves.
  virtual std::span<std::byte> bytes() = 0;
  /// `room`'s size of bytes from `offset` on, to be read once: in place, or copied into `room`
  /// where that is quicker than having them mapped.
  virtual std::span<const std::byte> view(size_t offset, std::span<std::byte> room) {
    return whole().subspan(offset, room.size());
  }
  /// Null where nothing has to be flushed for the region to outlive the process (page cache), or
  /// where it cannot outlive it at all (DRAM).
  virtual Persist* persist() = 0;
  virtual PageKind page_kind() const { return PageKind::usual; }
  /// Bytes it may grow to.
  virtual size_t capacity() { return bytes().size(); }
  /// Makes bytes() this large, or says why not.
  virtual Result<void> grow(size_t size);
  /// Nobody needs what is in this range: the system may have the memory. It reads as zeros, or as
  /// it was.
  virtual void decommit(size_t, size_t) {}
  /// A range that was given back is to be used again.
  virtual Result<void> commit(size_t, size_t) { return {}; }
  /// True if the bytes may be those of an earlier process: a superblock stands in front, and the
  /// store recovers what is behind it.
  virtual bool persistent() const { return false; }
  /// bytes(), and behind them what an earlier process had beyond, if the region was larger then.
  virtual std::span<std::byte> whole() { return bytes(); }
  /// How many of the bytes may be an earlier process's: those behind are new.
  virtual size_t found() { return bytes().size(); }
  /// Gives up what whole() has beyond bytes().
  virtual Result<void> cut() { return {}; }
  /// Writes what the page cache holds of [offset, offset + size) to the device. Slow.
  virtual Result<void> sync(size_t, size_t) { return {}; }
  /// Where a graceful stop leaves its state file; nothing if it should leave none.
  virtual std::optional<std::string> state_path() { return std::nullopt; }
};

/// Asks for transparent huge pages for `bytes`; whether there may be any. `setting`: the file in
/// /sys/kernel/mm/transparent_hugepage that says so.
bool ask_for_huge_pages(std::span<std::byte> bytes, const std::string& setting);

/// Anonymous memory, taken from the system as it is first written.
struct DramOptions {
  size_t size = 0;           // bytes, a multiple of 4096
  bool huge_pages = false;   // take huge pages, if there are any
  bool preallocate = false;  // take all of it now; then it cannot grow
};
Result<std::unique_ptr<MemoryRegion>> open_dram_region(const DramOptions& options);

/// How far a region in DRAM that began with this size can grow: addresses are set aside for it.
constexpr size_t dram_capacity(size_t size) {
  constexpr size_t kAtLeast = 16 * kGiB;
  constexpr size_t kTimes = 4;
  constexpr size_t kAtMost = 512 * kGiB - kMiB;  // what the index can name
  const size_t wanted = size > kAtMost / kTimes ? kAtMost : size * kTimes;
  return wanted < kAtLeast ? kAtLeast : wanted;
}

/// A file, made and filled with zeros if it is not there; a device (devdax) as it is. One process
/// has it at a time.
struct FileOptions {
  std::string path;
  size_t size = 0;          // bytes, whole MiB
  bool huge_pages = false;  // take huge pages, if there are any (tmpfs)
};
Result<std::unique_ptr<MemoryRegion>> open_file_region(const FileOptions& options);

/// What `--memory-limit=auto` means for the file at `path`: its size; or, if it is not there yet,
/// what its volume has free but for a reserve (volume_reserve). Whole MiB.
Result<size_t> file_size_for_auto(const std::string& path);

/// Bytes of a volume of this size left free by `auto`, for the state file and for others: a
/// sixteenth, at least 16 MiB.
constexpr size_t volume_reserve(size_t volume) {
  return volume / 16 > 16 * kMiB ? volume / 16 : 16 * kMiB;
}

}  // namespace ember::storage
