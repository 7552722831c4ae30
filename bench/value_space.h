// SPDX-License-Identifier: BSD-3-Clause
// ValueSpace: the bytes of a value as a function of its key's index and its size, so that any
// answer can be verified without remembering what was stored: 8 bytes that mix both, then a slice
// of a fixed random pattern.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/random.h"
#include "bench/size_distribution.h"

namespace ember::bench {

class ValueSpace {
 public:
  explicit ValueSpace(SizeDistribution sizes);

  /// The size a key's value has, always the same for a key.
  size_t size_of(uint64_t index) const { return sizes_.draw(mix(index ^ 0x76616c7565)); }
  /// A size drawn anew.
  size_t draw_size(Random& random) const { return sizes_.draw(random.next()); }
  size_t max_size() const { return sizes_.max(); }

  void write(char* to, uint64_t index, size_t size) const;

  /// Whether `bytes` is what stands at `position` of the value of `size` bytes.
  bool matches(uint64_t index, size_t size, size_t position, std::string_view bytes) const;

 private:
  static constexpr size_t kPatternSize = size_t{1} << 16;
  static constexpr size_t kStampSize = 8;

  static uint64_t stamp(uint64_t index, size_t size) { return mix(mix(index) ^ size); }

  SizeDistribution sizes_;
  std::vector<char> pattern_;  // twice the same kPatternSize bytes: slices never wrap
};

}  // namespace ember::bench
