// SPDX-License-Identifier: BSD-3-Clause
// Superblock: the first page of a persistent region: whose it is, how it was last left, and the few
// figures that no item carries. Written twice, one copy after the other, each with a checksum: a
// write that is cut off leaves one of them whole, and so does damage to one. Whether a region's
// content can be used is for Takeover to judge (takeover.h).
//
//   0       copy of the record          4096    second copy          8192   the time noted last
//
// Ownership: refers to the region, which outlives it.
// Threads: one at a time, but for note_time().
// Persistence: write() is durable on return where the region can make it so; on a page-cache file
// it survives the process, and the host after sync().
// Invariants: of two whole copies the one of the larger version is the newer; versions only grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "storage/region/memory_region.h"

namespace ember::storage {

/// The format of pages, items and this record. A change to any of them is a new number.
inline constexpr uint32_t kMediaFormat = 1;

using BootId = std::array<char, 16>;

/// Part of the media format.
struct SuperblockRecord {
  static constexpr uint64_t kMagic = 0x3130707553626d45;  // "EmbSup01", little endian
  enum State : uint32_t { running = 1, stopped = 2 };
  enum Media : uint32_t { page_cache = 1, flushed = 2 };

  uint64_t magic = kMagic;
  uint32_t format = kMediaFormat;
  uint32_t page_size = 0;
  uint64_t file_id = 0;  // random, once for a file: salts the checksums of pages and items
  uint64_t arena_size = 0;
  uint64_t cas = 0;            // stopped: the last given; running: one that was not reached
  uint64_t flush_horizon = 0;  // flush_all ended the writes up to this
  UnixSeconds flush_due = 0;   // and ends the others then; 0: no such flush
  uint32_t state = 0;
  uint32_t media = 0;
  uint32_t synced = 0;   // stopped, and all of it is on the device
  uint64_t stop_id = 0;  // random, once for a stop: whose state file belongs to it
  uint64_t run = 0;      // how many processes had the file
  BootId boot_id{};      // of the system that wrote this
  UnixSeconds written = 0;
  uint32_t reserved_word = 0;
  std::array<uint8_t, 64> state_seal{};  // of the state file, by which it is known
  uint64_t version = 0;                  // how often it was written: the larger is the newer
  std::array<uint8_t, 72> reserved{};
  uint64_t checksum = 0;  // XXH3 of the bytes before
};
static_assert(sizeof(SuperblockRecord) == 256 && std::is_trivially_copyable_v<SuperblockRecord>);

/// What stands at the beginning of a region.
struct SuperblockFinding {
  enum Kind : uint8_t {
    found,
    blank,    // zeros: a new file
    newer,    // of a newer format
    foreign,  // no superblock, or both copies are damaged
  } kind = blank;
  SuperblockRecord record;
};

class Superblock {
 public:
  static constexpr size_t kSecondCopy = 4096;
  static constexpr size_t kTimePlace = 8192;
  static constexpr size_t kSize = 3 * 4096;

  /// Returns what stands at the beginning of a region. Reads only; the bytes may be anything.
  /// Requires: at least kSize of them.
  static SuperblockFinding find(std::span<const std::byte> bytes);
  /// Returns the time noted last, 0 if there is none to be believed. Requires: as find().
  static UnixSeconds noted_time(std::span<const std::byte> bytes);

  /// Writes nothing yet. Requires: the region has at least kSize.
  explicit Superblock(MemoryRegion& region) : region_(region) {}

  /// What the next write() writes; its version and checksum are write()'s.
  SuperblockRecord record;

  /// Writes both copies of `record`, a damaged one first, so that one of them is intact at any
  /// time. Requires: the record's version is not below the one written last.
  void write();
  /// Writes the superblock's bytes to the device, so that no older state of them is there after a
  /// reboot. Returns why not. Slow.
  Result<void> sync() { return region_.sync(0, kSize); }

  /// Notes the time: a clock that goes back while no process has the file must not bring expired
  /// items back. Threads: any.
  static void note_time(MemoryRegion& region, UnixSeconds now);

 private:
  MemoryRegion& region_;
  uint64_t written_version_ = 0;
};

/// Returns the running system's boot id; zeros where there is none.
BootId boot_id();

/// Returns a random number that is not 0.
uint64_t random_id();

}  // namespace ember::storage
