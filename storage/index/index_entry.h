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
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "storage/item/hash.h"

namespace ember::storage {

class IndexEntry {
 public:
  static constexpr uint64_t kMaxOffset = (uint64_t{1} << 39) - 8;  // 512 GiB
  static constexpr unsigned kMaxFrequency = 3;

  IndexEntry() = default;
  explicit IndexEntry(uint64_t bits) : bits_(bits) {}

  static IndexEntry make(Hash hash, uint64_t offset, UnixSeconds now) {
    return IndexEntry((hash >> kTagShift << kTagShift) | clock_bits(now) | offset >> 3);
  }

  uint64_t bits() const { return bits_; }
  bool empty() const { return bits_ == 0; }
  uint64_t offset() const { return (bits_ & kOffsetMask) << 3; }
  bool tag_matches(Hash hash) const { return ((bits_ ^ hash) >> kTagShift) == 0 && !empty(); }
  bool fetched() const { return (bits_ & kFetchedBit) != 0; }
  unsigned frequency() const { return static_cast<unsigned>(bits_ >> kFrequencyShift) & 3; }

  /// Seconds since the last access, up to 9 hours: the clock wraps (the janitor keeps entries
  /// from looking young again).
  uint32_t idle_seconds(UnixSeconds now) const {
    return (now - static_cast<uint32_t>(bits_ >> kClockShift)) & kClockMask;
  }

  /// As after one more read.
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

  IndexEntry with_frequency(unsigned frequency) const {
    return IndexEntry((bits_ & ~(uint64_t{3} << kFrequencyShift)) | uint64_t{frequency}
                                                                        << kFrequencyShift);
  }

  IndexEntry with_offset(uint64_t offset) const {
    return IndexEntry((bits_ & ~kOffsetMask) | offset >> 3);
  }

  /// The same, as if it had been accessed `idle` seconds ago.
  IndexEntry with_idle(UnixSeconds now, uint32_t idle) const {
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
