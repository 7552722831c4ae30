// SPDX-License-Identifier: BSD-3-Clause
#include "bench/value_space.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"

namespace ember::bench {

ValueSpace::ValueSpace(SizeDistribution sizes)
    : sizes_(std::move(sizes)), pattern_(2 * kPatternSize) {
  // Letters and digits only: values stay readable in a terminal.
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  Random random(0x656d626572);
  for (size_t at = 0; at < kPatternSize; ++at) {
    pattern_[at] = pattern_[at + kPatternSize] = kLetters[random.below(kLetters.size())];
  }
}

void ValueSpace::write(char* to, uint64_t index, size_t size) const {
  const uint64_t word = stamp(index, size);
  std::memcpy(to, &word, std::min(size, kStampSize));
  for (size_t at = kStampSize; at < size;) {
    const size_t start = (word + at) % kPatternSize;
    const size_t part = std::min(size - at, kPatternSize);
    debug_check(start + part <= pattern_.size(), "a slice of the pattern never wraps");
    std::memcpy(to + at, pattern_.data() + start, part);
    at += part;
  }
}

bool ValueSpace::matches(uint64_t index, size_t size, size_t position,
                         std::string_view bytes) const {
  debug_check(position <= size && bytes.size() <= size - position, "a part lies in its value");
  const uint64_t word = stamp(index, size);
  if (position < kStampSize) {
    char letters[kStampSize];
    store_unaligned(letters, word);
    const size_t part = std::min(bytes.size(), kStampSize - position);
    if (std::memcmp(bytes.data(), letters + position, part) != 0) {
      return false;
    }
    bytes.remove_prefix(part);
    position += part;
  }
  while (!bytes.empty()) {
    const size_t start = (word + position) % kPatternSize;
    const size_t part = std::min(bytes.size(), kPatternSize);
    debug_check(start + part <= pattern_.size(), "a slice of the pattern never wraps");
    if (std::memcmp(bytes.data(), pattern_.data() + start, part) != 0) {
      return false;
    }
    bytes.remove_prefix(part);
    position += part;
  }
  return true;
}

}  // namespace ember::bench
