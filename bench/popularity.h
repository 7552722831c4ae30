// SPDX-License-Identifier: BSD-3-Clause
// Popularity: which of N keys a request is for. Uniform, or zipf(theta) with the ranks scattered
// over the key space, so that popular keys are not neighbours in the server's memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "bench/random.h"

namespace ember::bench {

/// Ranks 1 to n with probability proportional to 1/rank^theta, in constant time and memory:
/// rejection inversion, W. Hoermann, G. Derflinger, "Rejection-inversion to generate variates from
/// monotone discrete distributions", 1996.
class Zipf {
 public:
  Zipf(uint64_t count, double theta);
  uint64_t draw(Random& random) const;

 private:
  double integral(double x) const;
  double integral_inverse(double x) const;
  double density(double x) const;

  double count_;
  double theta_;
  double integral_first_;
  double integral_last_;
  double shortcut_;
};

class Popularity {
 public:
  /// "uniform" or "zipf:THETA" over `count` keys (1 to 2^32 - 1).
  static Result<Popularity> parse(std::string_view text, uint64_t count);

  uint64_t draw(Random& random) const {
    return zipf_ ? scatter(ranks_.draw(random) - 1) : random.below(count_);
  }

  uint64_t count() const { return count_; }

 private:
  Popularity(uint64_t count, bool zipf, double theta);

  uint64_t scatter(uint64_t rank) const { return rank * stride_ % count_; }

  uint64_t count_;
  uint64_t stride_;  // a prime modulo count_: a permutation of the ranks
  bool zipf_;
  Zipf ranks_;
};

}  // namespace ember::bench
