// SPDX-License-Identifier: BSD-3-Clause
// Item: the 24 bytes that stand before every key and value in a chunk. Part of the media format.
//
//   0        8          12           16          20              24
//   +--------+----------+------------+-----------+---------------+-----------+-------------+
//   |  cas   | exptime  | client     | size word | seal          | sequence? | key | value |
//   | 8      | 4        | flags 4    | 4         | 4             | 0 or 8    |     |       |
//   +--------+----------+------------+-----------+---------------+-----------+-------------+
//   size word: value size (30 bits) | won (1) | stale (1)
//   seal:      key size (8 bits) | chained (1) | sequenced (1) | live (1) | checksum (21 bits)
//
// A chained item holds, in place of its value, the table of the chunks its value lies in (chain.h).
// A sequenced item was given its CAS by a client, and keeps its place in the order of writes apart.
// Item reads; Item::Writer (item_writer.h) writes. Whether bytes on media are an item is for
// item_check.h to say.
//
// Invariants: immutable once published, but for the words that are atomic here: exptime (touch),
// won and stale (meta commands), and the seal, which is written last when an item is made and
// whose live bit is cleared when it ends. The rest stays for threads that still read the item.
// Ownership: never constructed; a chunk's bytes are looked at as an Item. An item found is readable
// until its reader's next quiesce() (store.h).
// Threads: any may read.
// Cost: all of the header is in one cache line with the start of the key.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/clock.h"

namespace ember::storage {

class Item {
 public:
  /// Writes headers: a nested class, so that no other code can.
  class Writer;

  static constexpr size_t kHeaderSize = 24;
  static constexpr size_t kSequenceSize = 8;
  static constexpr uint32_t kMaxValueSize = (uint32_t{1} << 30) - 1;

  /// Returns what `gets` shows and `cas` compares.
  uint64_t cas() const { return cas_; }
  /// Returns when the item expires; 0: never. May change while it is read.
  UnixSeconds exptime() const { return exptime_.load(std::memory_order_relaxed); }
  /// Returns the client's own 32 bits.
  uint32_t client_flags() const { return client_flags_; }
  /// Returns the bytes of the value, of all parts together if the item is chained.
  uint32_t value_size() const { return size_word_.load(std::memory_order_relaxed) & kSizeMask; }
  /// Return the marks of the meta commands: one client was told to recache; the value is stale.
  bool won() const { return (size_word_.load(std::memory_order_relaxed) & kWonBit) != 0; }
  bool stale() const { return (size_word_.load(std::memory_order_relaxed) & kStaleBit) != 0; }

  /// Returns the bytes of the key: 0 to 255 on media, 1 to 250 in an item that was checked.
  size_t key_size() const { return seal_.load(std::memory_order_acquire) & kKeySizeMask; }
  /// Returns whether body() is a table of parts instead of the value.
  bool chained() const { return (seal_.load(std::memory_order_relaxed) & kChainedBit) != 0; }
  /// Returns whether the client chose the CAS, so that sequence() is another number.
  bool sequenced() const { return (seal_.load(std::memory_order_relaxed) & kSequencedBit) != 0; }

  /// Returns false for a chunk that holds no item, or one that was removed or replaced.
  bool live() const { return (seal_.load(std::memory_order_acquire) & kLiveBit) != 0; }

  /// Return all of the last word of the header, and the checksum that is part of the word.
  uint32_t seal() const { return seal_.load(std::memory_order_acquire); }
  uint32_t checksum() const { return seal() >> kChecksumShift; }

  /// Returns whether the key is `wanted`. Reads no byte of the key when the sizes differ.
  bool has_key(std::string_view wanted) const {
    const uint32_t seal = seal_.load(std::memory_order_acquire);
    return (seal & kKeySizeMask) == wanted.size() &&
           std::memcmp(payload() + sequence_size(seal), wanted.data(), wanted.size()) == 0;
  }

  /// Returns the key's bytes, in the chunk.
  std::string_view key() const {
    const uint32_t seal = seal_.load(std::memory_order_acquire);
    return {payload() + sequence_size(seal), seal & kKeySizeMask};
  }

  /// Returns the item's place in the order of all writes: its CAS, unless a client chose that.
  uint64_t sequence() const { return sequenced() ? load_unaligned<uint64_t>(payload()) : cas_; }

  /// Returns where the value, or a chained item's table of parts, starts.
  const char* body() const {
    const uint32_t seal = seal_.load(std::memory_order_relaxed);
    return payload() + sequence_size(seal) + (seal & kKeySizeMask);
  }

  /// Returns the bytes of header, sequence, key and value, wherever the value lies.
  size_t size() const {
    const uint32_t seal = seal_.load(std::memory_order_relaxed);
    return kHeaderSize + sequence_size(seal) + (seal & kKeySizeMask) + value_size();
  }

 private:
  static constexpr uint32_t kSizeMask = kMaxValueSize;
  static constexpr uint32_t kWonBit = uint32_t{1} << 30;
  static constexpr uint32_t kStaleBit = uint32_t{1} << 31;
  static constexpr uint32_t kKeySizeMask = 0xff;
  static constexpr uint32_t kChainedBit = uint32_t{1} << 8;
  static constexpr uint32_t kSequencedBit = uint32_t{1} << 9;
  static constexpr uint32_t kLiveBit = uint32_t{1} << 10;
  static constexpr unsigned kChecksumShift = 11;

  static size_t sequence_size(uint32_t seal) {
    return (seal & kSequencedBit) != 0 ? kSequenceSize : 0;
  }
  const char* payload() const { return reinterpret_cast<const char*>(this) + kHeaderSize; }

  uint64_t cas_;
  std::atomic<UnixSeconds> exptime_;
  uint32_t client_flags_;
  std::atomic<uint32_t> size_word_;
  std::atomic<uint32_t> seal_;
};

}  // namespace ember::storage
