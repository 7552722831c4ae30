// SPDX-License-Identifier: BSD-3-Clause
// EventRing: events on their way from one thread to another, in a bounded stretch of memory. Not a
// queue that waits: an event that finds it full is dropped.
//
// Threads: one thread calls push() and half_full(), another drain(); neither takes a lock.
// produced() and capacity() any.
//
// A record is the 64 bytes of a WatchEvent and its text, padded to 8 bytes. Records do not wrap: an
// end of the memory that is too short for the next record is skipped, marked by kFiller.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "server/watch/watch_event.h"

namespace ember::server {

class EventRing {
 public:
  /// The longest text of an event; a longer one is cut off.
  static constexpr size_t kMaxText = 1024;
  /// A ring holds a few of the largest events at least.
  static constexpr size_t kMinCapacity = 4096;

  /// `capacity` bytes, rounded down to a multiple of 8, kMinCapacity at least.
  explicit EventRing(size_t capacity);

  size_t capacity() const { return capacity_; }

  /// Puts in an event and its text. Returns false, and drops them, if there is no room.
  bool push(const WatchEvent& event, std::string_view text);

  /// The producer's view: more than half of the memory is taken.
  bool half_full() const { return produced() - consumed() > capacity_ / 2; }

  /// How many bytes were ever put in: what drain() goes up to.
  uint64_t produced() const { return produced_.load(std::memory_order_acquire); }

  /// Calls visit(event, text) for the records up to `until`, at most `most` of them; each is gone
  /// after its call. Returns how many. Requires: `until` came from produced().
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
  debug_check(at <= until && until - at <= capacity_, "drains go up to what was produced");
  while (at != until && count < most) {
    const size_t offset = at % capacity_;
    const char* const record = bytes_.get() + offset;
    if (load_unaligned<uint64_t>(record) == kFiller) {
      at += capacity_ - offset;
    } else {
      WatchEvent event;
      std::memcpy(&event, record, sizeof(event));
      debug_check(event.text_size <= kMaxText && record_size(event.text_size) <= capacity_ - offset,
                  "a record lies in the ring whole");
      visit(event, std::string_view(record + sizeof(event), event.text_size));
      at += record_size(event.text_size);
      ++count;
    }
    consumed_.store(at, std::memory_order_release);
  }
  return count;
}

}  // namespace ember::server
