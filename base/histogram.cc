// SPDX-License-Identifier: BSD-3-Clause
#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace ember {

size_t Histogram::bucket_of(uint64_t value) {
  if (value < kSteps) {
    return static_cast<size_t>(value);
  }
  const int exponent = static_cast<int>(std::bit_width(value)) - 1 - kStepBits;
  const auto step = static_cast<size_t>(value >> exponent) - kSteps;
  const size_t bucket = (static_cast<size_t>(exponent) + 1) * kSteps + step;
  debug_check(step < kSteps && bucket < kBuckets, "each value has a bucket");
  return bucket;
}

uint64_t Histogram::upper_bound(size_t bucket) {
  debug_check(bucket < kBuckets, "a bucket is one of the histogram's");
  if (bucket < kSteps) {
    return bucket;
  }
  const size_t exponent = bucket / kSteps - 1;
  const uint64_t first = static_cast<uint64_t>(kSteps + bucket % kSteps) << exponent;
  return first + ((uint64_t{1} << exponent) - 1);
}

void Histogram::record(uint64_t value) {
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) {
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    counts_[bucket] += other.counts_[bucket];
  }
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  debug_check([this] { return std::reduce(counts_.begin(), counts_.end()) == count_; },
              "the buckets hold all values together");
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

uint64_t Histogram::quantile(double fraction) const {
  check(fraction >= 0 && fraction <= 1, "a quantile is of a fraction of the values");
  if (count_ == 0) {
    return 0;
  }
  const auto wanted = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) {
      return std::min(upper_bound(bucket), max_);
    }
  }
  return max_;
}

}  // namespace ember
