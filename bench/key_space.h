// SPDX-License-Identifier: BSD-3-Clause
// KeySpace: the text of key number i, and back: 'k', zeros, i in decimal; its size is a function
// of i.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bench/size_distribution.h"

namespace ember::bench {

inline constexpr size_t kMaxKeySize = 250;

class KeySpace {
 public:
  /// `sizes` must have room for 'k' and the digits of every index below `count`.
  static Result<KeySpace> make(SizeDistribution sizes, uint64_t count);

  size_t size_of(uint64_t index) const;
  /// Writes key `index` at `to` (room for kMaxKeySize); returns the end.
  char* write(char* to, uint64_t index) const;
  /// The index of a key's text; nothing if it is not of this space.
  std::optional<uint64_t> index_of(std::string_view key) const;

 private:
  explicit KeySpace(SizeDistribution sizes) : sizes_(std::move(sizes)) {}

  SizeDistribution sizes_;
};

}  // namespace ember::bench
