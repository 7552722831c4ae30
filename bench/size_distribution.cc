// SPDX-License-Identifier: BSD-3-Clause
#include "bench/size_distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::bench {
namespace {

constexpr size_t kLognormalSteps = 4096;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// The standard normal's quantile, by bisection: only used to fill a table.
double normal_quantile(double fraction) {
  check(fraction > 0 && fraction < 1, "a quantile lies between the ends");
  double low = -9;
  double high = 9;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < fraction ? low : high) = middle;
  }
  return low;
}

}  // namespace

Result<SizeDistribution> SizeDistribution::parse(std::string_view text) {
  if (text.starts_with("lognormal:")) {
    return parse_lognormal(text);
  }
  SizeDistribution sizes;
  const auto range = split(text, '-');
  if (range.size() == 2) {
    const auto low = parse_u64(range[0]);
    const auto high = parse_u64(range[1]);
    if (!low || !high || *low > *high) {
      return fail(fmt::format("size range '{}' is not LOW-HIGH", text));
    }
    sizes.low_ = *low;
    sizes.high_ = *high;
    return sizes;
  }
  for (const auto part : split(text, ',')) {
    const auto size = parse_u64(part);
    if (!size) {
      return fail(
          fmt::format("size '{}' is none of N, LOW-HIGH, A,B,C, lognormal:MEDIAN:SIGMA:MAX", text));
    }
    sizes.sizes_.push_back(*size);
  }
  sizes.low_ = std::ranges::min(sizes.sizes_);
  sizes.high_ = std::ranges::max(sizes.sizes_);
  return sizes;
}

Result<SizeDistribution> SizeDistribution::parse_lognormal(std::string_view text) {
  const auto parts = split(text, ':');
  const auto median = parts.size() == 4 ? parse_u64(parts[1]) : std::nullopt;
  const auto max = parts.size() == 4 ? parse_u64(parts[3]) : std::nullopt;
  const double sigma = parts.size() == 4 ? std::strtod(std::string(parts[2]).c_str(), nullptr) : 0;
  if (!median || !max || sigma <= 0) {
    return fail(fmt::format("size '{}' is not lognormal:MEDIAN:SIGMA:MAX", text));
  }
  SizeDistribution sizes;
  for (size_t step = 0; step < kLognormalSteps; ++step) {
    const double fraction = (static_cast<double>(step) + 0.5) / kLognormalSteps;
    const double size = static_cast<double>(*median) * std::exp(sigma * normal_quantile(fraction));
    sizes.sizes_.push_back(static_cast<size_t>(std::clamp(size, 1.0, static_cast<double>(*max))));
  }
  check(std::ranges::is_sorted(sizes.sizes_), "sizes grow with the quantile");
  sizes.low_ = sizes.sizes_.front();
  sizes.high_ = sizes.sizes_.back();
  return sizes;
}

}  // namespace ember::bench
