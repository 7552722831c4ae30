// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/event_ring.h"

#include <algorithm>

namespace ember::server {

// The memory stays untouched until the first event: a server that nobody watches pays nothing.
EventRing::EventRing(size_t capacity)
    : capacity_(std::max(capacity / 8 * 8, kMinCapacity)),
      bytes_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

bool EventRing::push(const WatchEvent& event, std::string_view text) {
  text = text.substr(0, kMaxText);
  const uint64_t at = produced_.load(std::memory_order_relaxed);
  const size_t offset = at % capacity_;
  const size_t to_end = capacity_ - offset;
  const size_t size = record_size(text.size());
  const size_t skipped = to_end < size ? to_end : 0;
  debug_check(offset % 8 == 0 && at - consumed() <= capacity_, "records fill the ring in eights");
  if (capacity_ - (at - consumed()) < size + skipped) {
    return false;
  }
  if (skipped != 0) {
    std::memcpy(bytes_.get() + offset, &kFiller, sizeof(kFiller));
  }
  char* const record = bytes_.get() + (skipped != 0 ? 0 : offset);
  std::memcpy(record, &event, sizeof(event));
  const auto text_size = static_cast<uint16_t>(text.size());
  std::memcpy(record + offsetof(WatchEvent, text_size), &text_size, sizeof(text_size));
  if (!text.empty()) {
    std::memcpy(record + sizeof(event), text.data(), text.size());
  }
  produced_.store(at + skipped + size, std::memory_order_release);
  return true;
}

}  // namespace ember::server
