// SPDX-License-Identifier: BSD-3-Clause
// Histogram: counts of values in log-linear buckets, for latencies with true tails.
// Each power of two is divided in 64 steps, so a value is known to 1.6 % (the scheme of
// HdrHistogram, hdrhistogram.org). Not a sample: every value counts.
// Threads: one writer; merge copies of several for a total. Size: 30 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ember {

class Histogram {
 public:
  /// Counts `value` (any unit; nanoseconds by habit).
  void record(uint64_t value);

  void merge(const Histogram& other);

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  double mean() const;

  /// The smallest value that at least `fraction` (0 to 1) of all values do not exceed, to 1.6 %;
  /// 0 when nothing was recorded.
  uint64_t quantile(double fraction) const;

 private:
  static constexpr int kStepBits = 6;
  static constexpr size_t kSteps = size_t{1} << kStepBits;
  static constexpr size_t kBuckets = (64 - kStepBits + 1) * kSteps;

  static size_t bucket_of(uint64_t value);
  static uint64_t upper_bound(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace ember
