// SPDX-License-Identifier: BSD-3-Clause
// ChunkStates: one byte of DRAM for each chunk of a page: what the chunk is, and where its item
// stands in the eviction queues. All that eviction needs to walk a page without touching it. It
// judges no transition: who may change which state under which lock says storage/README.md.
//
// Threads: any; each byte is atomic. Reading a state acquires what was written before it was set.
// Cost: a byte a chunk; a search looks at eight chunks at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"

namespace ember::storage {

/// The states, each one byte. Free chunks are 0, queued ones have a bit of their queue's.
namespace chunk_state {
inline constexpr uint8_t kFree = 0x00;       // no item's
inline constexpr uint8_t kCached = 0x01;     // no item's, in its class's cache of free chunks
inline constexpr uint8_t kBusy = 0x02;       // being filled
inline constexpr uint8_t kRetired = 0x03;    // ended; some thread may still read it
inline constexpr uint8_t kLingering = 0x06;  // retired, and still being sent from
inline constexpr uint8_t kPart = 0x04;       // bytes of a chained item, not its first
inline constexpr uint8_t kDirectory = 0x05;  // a chained item's header; its first part is queued
inline constexpr uint8_t kSmallBit = 0x40;   // in the probationary queue; low 6 bits: generation
inline constexpr uint8_t kMain = 0x80;       // in the main queue
inline constexpr uint8_t kGenerationMask = 0x3f;

inline bool is_small(uint8_t state) { return (state & kSmallBit) != 0; }
inline bool is_queued(uint8_t state) { return (state & (kSmallBit | kMain)) != 0; }
}  // namespace chunk_state

class ChunkStates {
 public:
  /// All chunks are free.
  explicit ChunkStates(size_t count)
      : count_(count), words_(std::make_unique<uint64_t[]>((count + 7) / 8)) {}

  /// Returns how many chunks the page has.
  size_t count() const { return count_; }

  /// Sets all states from count() bytes. Requires: no other thread reads them yet.
  void assign(const void* from) { std::memcpy(words_.get(), from, count_); }

  /// How many chunks are free, and how many stand in each queue.
  struct Counters {
    size_t free = 0;
    size_t small = 0;
    size_t main = 0;
  };
  /// Counts the states. Requires: no other thread changes one: the loads are not atomic, so that
  /// several are counted at a time.
  Counters count_states() const {
    Counters counters;
    for (const uint8_t state : std::span(at(0), count_)) {
      counters.free += state == chunk_state::kFree ? 1U : 0U;
      counters.small += chunk_state::is_small(state) ? 1U : 0U;
      counters.main += state == chunk_state::kMain ? 1U : 0U;
    }
    debug_check(counters.free + counters.small + counters.main <= count_,
                "a chunk is counted once");
    return counters;
  }

  /// Return, set or exchange the state of a chunk. Require: index < count().
  uint8_t get(size_t index) const { return __atomic_load_n(at(index), __ATOMIC_ACQUIRE); }
  void set(size_t index, uint8_t state) { __atomic_store_n(at(index), state, __ATOMIC_RELEASE); }
  uint8_t exchange(size_t index, uint8_t state) {
    return __atomic_exchange_n(at(index), state, __ATOMIC_ACQ_REL);
  }
  /// Sets the state to `to` if it is `from`. Returns whether it was. Requires: index < count().
  bool change(size_t index, uint8_t from, uint8_t to) {
    return __atomic_compare_exchange_n(at(index), &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
  }

  /// Returns the first chunk at or after `index` with any bit of `bits` in its state; count() if
  /// there is none.
  size_t find(size_t index, uint8_t bits) const {
    debug_check(bits != 0, "a search looks for some state");
    const uint64_t pattern = 0x0101010101010101ULL * bits;
    while (index < count_) {
      const uint64_t word = __atomic_load_n(&words_[index / 8], __ATOMIC_RELAXED);
      const uint64_t match = (word & pattern) >> (index % 8 * 8);
      if (match == 0) {
        index = index / 8 * 8 + 8;
        continue;
      }
      index += static_cast<size_t>(std::countr_zero(match)) / 8;
      // The byte itself: its acquire is what makes the item written before it visible.
      if ((get(index) & bits) != 0) {
        return index;
      }
      ++index;
    }
    return count_;
  }

  /// Returns the first free chunk at or after `index`; count() if there is none.
  size_t find_free(size_t index) const {
    for (; index < count_; ++index) {
      if (index % 8 == 0) {
        while (index + 8 <= count_ &&
               !has_zero(__atomic_load_n(&words_[index / 8], __ATOMIC_ACQUIRE))) {
          index += 8;
        }
        if (index >= count_) {
          break;
        }
      }
      if (get(index) == chunk_state::kFree) {
        return index;
      }
    }
    return count_;
  }

 private:
  // Some byte of the word is zero (Mycroft's test).
  static bool has_zero(uint64_t word) {
    return ((word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL) != 0;
  }

  unsigned char* at(size_t index) const {
    debug_check(index < count_, "a page has the chunk whose state is used");
    return reinterpret_cast<unsigned char*>(words_.get()) + index;
  }

  size_t count_;
  std::unique_ptr<uint64_t[]> words_;
};

}  // namespace ember::storage
