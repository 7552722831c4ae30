// SPDX-License-Identifier: BSD-3-Clause
// SizeDistribution: how large keys or values are. Drawn from given random bits, so that a size can
// be a function of a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/random.h"

namespace ember::bench {

class SizeDistribution {
 public:
  /// "100": always. "10-200": uniform. "100,1000,10000": each equally often.
  /// "lognormal:MEDIAN:SIGMA:MAX": a long tail, cut at MAX.
  static Result<SizeDistribution> parse(std::string_view text);

  size_t draw(uint64_t bits) const {
    if (sizes_.empty()) {
      return low_ + scale(bits, high_ - low_ + 1);
    }
    return sizes_.size() == 1 ? sizes_[0] : sizes_[bits % sizes_.size()];
  }

  size_t min() const { return low_; }
  size_t max() const { return high_; }

 private:
  static Result<SizeDistribution> parse_lognormal(std::string_view text);

  size_t low_ = 0;
  size_t high_ = 0;
  std::vector<size_t> sizes_;  // empty: uniform from low_ to high_
};

}  // namespace ember::bench
