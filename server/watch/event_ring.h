// SPDX-License-Identifier: BSD-3-Clause
// EventRing: events on their way from one thread to another, in a bounded piece of memory. What
// finds it full is dropped: the producer never waits.
//
// Threads: push() one, drain() another; neither takes a lock. capacity() any.
//
// A record is the 64 bytes of a WatchEvent and its text, padded to 8 bytes. Records do not wrap:
// what is too short for the next one at the end of the memory is skipped, marked by kFiller.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "server/watch/watch_event.h"

namespace ember::server {

class EventRing {
 public:
  /// The longest text of an event; what is beyond it is cut off.
  static constexpr size_t kMaxText = 1024;
  /// A ring holds a few of the largest events at least.
  static constexpr size_t kMinCapacity = 4096;

  explicit EventRing(size_t capacity);

  size_t capacity() const { return capacity_; }

  /// False if there is no room.
  bool push(const WatchEvent& event, std::string_view text);

  /// The producer's view: more than half of it is taken.
  bool half_full() const { return produced() - consumed() > capacity_ / 2; }

  /// How much was ever put in: what drain() goes up to.
  uint64_t produced() const { return produced_.load(std::memory_order_acquire); }

  /// Hands out the records up to `until` (of produced()), at most `most` of them, each of which is
  /// gone after its call. Returns how many.
  template <typename Visit>
  size_t drain(uint64_t until, size_t most, const Visit& visit);

 private:
  static constexpr uint64_t kFiller = UINT64_MAX;  // in place of a gid
  static constexpr size_t record_size(size_t text_size) {
    return sizeof(WatchEvent) + (text_size + 7) / 8 * 8;
  }
  uint64_t consumed() const { return consumed_.load(std::memory_order_acquire); }

  const size_t capacity_;
  const std::unique_ptr<char[]> bytes_;
  alignas(kCacheLineSize) std::atomic<uint64_t> produced_{0};
  alignas(kCacheLineSize) std::atomic<uint64_t> consumed_{0};
};

template <typename Visit>
size_t EventRing::drain(uint64_t until, size_t most, const Visit& visit) {
  size_t count = 0;
  uint64_t at = consumed_.load(std::memory_order_relaxed);
  while (at != until && count < most) {
    const size_t offset = at % capacity_;
    const char* const record = bytes_.get() + offset;
    if (load_unaligned<uint64_t>(record) == kFiller) {
      at += capacity_ - offset;
    } else {
      WatchEvent event;
      std::memcpy(&event, record, sizeof(event));
      visit(event, std::string_view(record + sizeof(event), event.text_size));
      at += record_size(event.text_size);
      ++count;
    }
    consumed_.store(at, std::memory_order_release);
  }
  return count;
}

}  // namespace ember::server
