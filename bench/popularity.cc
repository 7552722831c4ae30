// SPDX-License-Identifier: BSD-3-Clause
#include "bench/popularity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace ember::bench {
namespace {

constexpr uint64_t kPrime = 11400714785074694791u;

/// log1p(x)/x and expm1(x)/x, sound near 0.
double log1p_over(double x) {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x / 3);
}
double expm1_over(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x / 3);
}

}  // namespace

Zipf::Zipf(uint64_t count, double theta)
    : count_(static_cast<double>(count)),
      theta_(theta),
      integral_first_(integral(1.5) - 1),
      integral_last_(integral(count_ + 0.5)),
      shortcut_(2 - integral_inverse(integral(2.5) - density(2))) {}

double Zipf::integral(double x) const {
  const double log_x = std::log(x);
  return expm1_over((1 - theta_) * log_x) * log_x;
}

double Zipf::integral_inverse(double x) const {
  const double t = std::max(-1.0, x * (1 - theta_));
  return std::exp(log1p_over(t) * x);
}

double Zipf::density(double x) const { return std::exp(-theta_ * std::log(x)); }

uint64_t Zipf::draw(Random& random) const {
  while (true) {
    const double u = integral_last_ + random.unit() * (integral_first_ - integral_last_);
    const double x = integral_inverse(u);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, count_);
    if (rank - x <= shortcut_ || u >= integral(rank + 0.5) - density(rank)) {
      return static_cast<uint64_t>(rank);
    }
  }
}

Popularity::Popularity(uint64_t count, bool zipf, double theta)
    : count_(count), stride_(kPrime % count), zipf_(zipf), ranks_(count, theta) {
  if (stride_ == 0) {
    stride_ = 1;
  }
}

Result<Popularity> Popularity::parse(std::string_view text, uint64_t count) {
  if (count == 0 || count >= uint64_t{1} << 32) {
    return fail("the number of keys must be from 1 to 4294967295");
  }
  if (text == "uniform") {
    return Popularity(count, false, 1);
  }
  if (text.starts_with("zipf:")) {
    const double theta = std::strtod(std::string(text.substr(5)).c_str(), nullptr);
    if (theta > 0 && theta < 10) {
      return Popularity(count, true, theta);
    }
  }
  return fail(fmt::format("popularity '{}' is neither 'uniform' nor 'zipf:THETA'", text));
}

}  // namespace ember::bench
