// SPDX-License-Identifier: BSD-3-Clause
// IndexEntry: eight bytes of the index: where an item is, part of its hash, and how it was used.
//
//   63      54 53               39    38      37  36 35                     0
//   +---------+-------------------+---------+-------+------------------------+
//   | tag  10 | last access    15 | fetched | freq  | offset / 8          36 |
//   +---------+-------------------+---------+-------+------------------------+
//
// The tag is the top of the hash: a lookup touches an item only if it matches (1 in 1024 by
// chance). Use is kept here and not in the item, so that a hit writes to no persistent memory,
// and to none at all once freq is 3 and the last access less than a minute ago.
// A value: every call returns another entry, and changes none. What holds entries is the Index.
//
// Invariants: offsets are multiples of 8, at most kMaxOffset; an entry of all zeros is empty.
// Threads: any. Cost: a few instructions.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "base/clock.h"
#include "storage/item/hash.h"

namespace ember::storage {

class IndexEntry {
 public:
  static constexpr uint64_t kMaxOffset = (uint64_t{1} << 39) - 8;  // 512 GiB
  static constexpr unsigned kMaxFrequency = 3;

  /// The empty entry.
  IndexEntry() = default;
  /// An entry as bits() gave it.
  explicit IndexEntry(uint64_t bits) : bits_(bits) {}

  /// Returns the entry of an item written now: not read yet.
  /// Requires: `offset` is a multiple of 8, not 0, at most kMaxOffset.
  static IndexEntry make(Hash hash, uint64_t offset, UnixSeconds now) {
    debug_check(offset % 8 == 0 && offset <= kMaxOffset, "an entry can name the item's place");
    return IndexEntry((hash >> kTagShift << kTagShift) | clock_bits(now) | offset >> 3);
  }

  /// Returns what a slot of the index holds.
  uint64_t bits() const { return bits_; }
  bool empty() const { return bits_ == 0; }
  /// Returns where in the arena the item is.
  uint64_t offset() const { return (bits_ & kOffsetMask) << 3; }
  /// Returns whether the item may be the one of this hash. An empty entry matches none.
  bool tag_matches(Hash hash) const { return ((bits_ ^ hash) >> kTagShift) == 0 && !empty(); }
  /// Returns whether the item was read since it was written.
  bool fetched() const { return (bits_ & kFetchedBit) != 0; }
  /// Returns how often the item was read since the last eviction round, up to kMaxFrequency.
  unsigned frequency() const { return static_cast<unsigned>(bits_ >> kFrequencyShift) & 3; }

  /// Returns the seconds since the last access, up to 9 hours: the clock wraps (the janitor keeps
  /// entries from looking young again).
  uint32_t idle_seconds(UnixSeconds now) const {
    return (now - static_cast<uint32_t>(bits_ >> kClockShift)) & kClockMask;
  }

  /// Returns the entry as it is after one more read; the same bits if that changes nothing.
  IndexEntry used(UnixSeconds now) const {
    uint64_t bits = bits_ | kFetchedBit;
    if (frequency() < kMaxFrequency) {
      bits += uint64_t{1} << kFrequencyShift;
    }
    if (bits != bits_ || idle_seconds(now) >= kAccessResolution) {
      bits = (bits & ~(kClockMask << kClockShift)) | clock_bits(now);
    }
    return IndexEntry(bits);
  }

  /// Returns the entry with another frequency. Requires: frequency <= kMaxFrequency.
  IndexEntry with_frequency(unsigned frequency) const {
    debug_check(frequency <= kMaxFrequency, "a frequency has two bits");
    return IndexEntry((bits_ & ~(uint64_t{3} << kFrequencyShift)) | uint64_t{frequency}
                                                                        << kFrequencyShift);
  }

  /// Returns the entry of the same item in another place. Requires: as make().
  IndexEntry with_offset(uint64_t offset) const {
    debug_check(offset % 8 == 0 && offset <= kMaxOffset, "an entry can name the item's place");
    return IndexEntry((bits_ & ~kOffsetMask) | offset >> 3);
  }

  /// Returns the entry as if the item had been accessed `idle` seconds ago.
  /// Requires: idle is less than the clock's 9 hours.
  IndexEntry with_idle(UnixSeconds now, uint32_t idle) const {
    debug_check(idle <= kClockMask, "the clock of an entry goes back so far");
    return IndexEntry((bits_ & ~(kClockMask << kClockShift)) | clock_bits(now - idle));
  }

  /// Beyond this the janitor stops the clock of an entry.
  static constexpr uint32_t kMaxIdle = 28000;

 private:
  // memcached, too, notes an access at most once a minute.
  static constexpr uint32_t kAccessResolution = 60;
  static constexpr unsigned kTagShift = 54;
  static constexpr unsigned kClockShift = 39;
  static constexpr uint64_t kClockMask = 0x7fff;
  static constexpr uint64_t kFetchedBit = uint64_t{1} << 38;
  static constexpr unsigned kFrequencyShift = 36;
  static constexpr uint64_t kOffsetMask = (uint64_t{1} << 36) - 1;

  static uint64_t clock_bits(UnixSeconds now) { return (now & kClockMask) << kClockShift; }

  uint64_t bits_ = 0;
};

}  // namespace ember::storage
