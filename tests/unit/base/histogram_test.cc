// SPDX-License-Identifier: BSD-3-Clause
#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace ember {
namespace {

/// The definition, slowly: the smallest value that at least `fraction` of all do not exceed.
uint64_t exact_quantile(std::vector<uint64_t> values, double fraction) {
  std::sort(values.begin(), values.end());
  const auto wanted = std::max(1.0, std::ceil(fraction * static_cast<double>(values.size())));
  return values[static_cast<size_t>(wanted) - 1];
}

void expect_near_exact(const Histogram& histogram, const std::vector<uint64_t>& values) {
  for (const double fraction : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const uint64_t exact = exact_quantile(values, fraction);
    const uint64_t found = histogram.quantile(fraction);
    EXPECT_GE(found, exact) << "at " << fraction;
    EXPECT_LE(static_cast<double>(found), static_cast<double>(exact) * (1 + 1.0 / 64) + 1)
        << "at " << fraction;
  }
}

TEST(Histogram, EmptyIsZeroEverywhere) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
  EXPECT_EQ(histogram.quantile(0.5), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 0; value < 64; ++value) {
    histogram.record(value);
  }
  EXPECT_EQ(histogram.quantile(0), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 31U);
  EXPECT_EQ(histogram.quantile(1), 63U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 31.5);
}

TEST(Histogram, OneValueIsEveryQuantileExactly) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{63}, uint64_t{64}, uint64_t{65}, uint64_t{127},
                               uint64_t{128}, uint64_t{1} << 32, (uint64_t{1} << 63) - 1,
                               uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    Histogram histogram;
    histogram.record(value);
    EXPECT_EQ(histogram.quantile(0), value);
    EXPECT_EQ(histogram.quantile(0.5), value);
    EXPECT_EQ(histogram.quantile(1), value);
    EXPECT_EQ(histogram.max(), value);
  }
}

TEST(Histogram, QuantilesAreWithinOneBucketOfTheTruth) {
  std::mt19937_64 random(20240901);
  std::lognormal_distribution<double> latency(10, 2);
  Histogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 100000; ++i) {
    values.push_back(static_cast<uint64_t>(latency(random)));
    histogram.record(values.back());
  }
  expect_near_exact(histogram, values);
  EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
}

TEST(Histogram, PowersOfTwoAndTheirNeighboursKeepTheirOrder) {
  std::vector<uint64_t> values;
  Histogram histogram;
  for (unsigned shift = 1; shift < 64; ++shift) {
    for (const uint64_t value : {(uint64_t{1} << shift) - 1, uint64_t{1} << shift}) {
      values.push_back(value);
      histogram.record(value);
    }
  }
  uint64_t previous = 0;
  for (double fraction = 0; fraction <= 1; fraction += 1.0 / 128) {
    EXPECT_GE(histogram.quantile(fraction), previous);
    previous = histogram.quantile(fraction);
  }
  expect_near_exact(histogram, values);
}

TEST(Histogram, MergedIsAsIfRecordedInOne) {
  std::mt19937_64 random(7);
  Histogram all;
  Histogram left;
  Histogram right;
  for (int i = 0; i < 10000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    all.record(value);
    (i % 3 == 0 ? left : right).record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), all.count());
  EXPECT_EQ(left.max(), all.max());
  EXPECT_NEAR(left.mean() / all.mean(), 1.0, 1e-9);
  for (const double fraction : {0.01, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(left.quantile(fraction), all.quantile(fraction));
  }
}

}  // namespace
}  // namespace ember
