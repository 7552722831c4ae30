// SPDX-License-Identifier: BSD-3-Clause
// Keys, values and sizes of the load generator: functions of an index that can be checked.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "bench/key_space.h"
#include "bench/popularity.h"
#include "bench/size_distribution.h"
#include "bench/value_space.h"

namespace ember::bench {
namespace {

SizeDistribution sizes(std::string_view text) { return *SizeDistribution::parse(text); }

TEST(SizeDistribution, DrawsWithinItsBounds) {
  for (const char* text : {"100", "10-200", "1,50,9000", "lognormal:200:1:5000"}) {
    const auto distribution = sizes(text);
    Random random(1);
    std::set<size_t> seen;
    for (int draw = 0; draw < 20000; ++draw) {
      const size_t size = distribution.draw(random.next());
      ASSERT_GE(size, distribution.min()) << text;
      ASSERT_LE(size, distribution.max()) << text;
      seen.insert(size);
    }
    EXPECT_EQ(*seen.begin(), distribution.min()) << text;
    EXPECT_EQ(*seen.rbegin(), distribution.max()) << text;
  }
}

TEST(SizeDistribution, LognormalHasItsMedian) {
  const auto distribution = sizes("lognormal:200:1:100000");
  Random random(1);
  int below = 0;
  for (int draw = 0; draw < 100000; ++draw) {
    below += distribution.draw(random.next()) < 200 ? 1 : 0;
  }
  EXPECT_NEAR(below, 50000, 1000);
}

TEST(SizeDistribution, RefusesNonsense) {
  for (const char* text : {"", "x", "9-1", "1,,2", "lognormal:1", "lognormal:a:1:2", "-5"}) {
    EXPECT_FALSE(SizeDistribution::parse(text)) << text;
  }
}

TEST(KeySpace, NamesEveryIndexOnceAndKnowsItAgain) {
  const auto keys = *KeySpace::make(sizes("8-40"), 100000);
  std::set<std::string> names;
  for (uint64_t index = 0; index < 100000; ++index) {
    char text[kMaxKeySize];
    const std::string name(text, keys.write(text, index));
    ASSERT_EQ(name.size(), keys.size_of(index));
    ASSERT_EQ(keys.index_of(name), index);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 100000u);
}

TEST(KeySpace, KnowsNoOtherKeys) {
  const auto keys = *KeySpace::make(sizes("10"), 100);
  for (const char* name : {"", "k", "x000000001", "k00000001", "k0000000x1", "k0000000001"}) {
    EXPECT_FALSE(keys.index_of(name)) << name;
  }
  EXPECT_FALSE(KeySpace::make(sizes("3"), 1000));
  EXPECT_FALSE(KeySpace::make(sizes("251"), 1000));
}

TEST(ValueSpace, MatchesItselfInPiecesAndNothingElse) {
  const ValueSpace values(sizes("1-200000"));
  for (const size_t size : {0ul, 1ul, 7ul, 8ul, 9ul, 100ul, 65536ul, 200000ul}) {
    std::vector<char> bytes(size);
    values.write(bytes.data(), 42, size);
    for (const size_t step : {1ul, 5ul, 70000ul, 300000ul}) {
      for (size_t at = 0; at < size; at += step) {
        const std::string_view part(bytes.data() + at, std::min(step, size - at));
        ASSERT_TRUE(values.matches(42, size, at, part)) << size << " at " << at;
      }
    }
    const std::string_view whole(bytes.data(), size);
    if (size >= 8) {
      EXPECT_FALSE(values.matches(43, size, 0, whole));
      EXPECT_FALSE(values.matches(42, size + 1, 0, whole));
    }
    for (size_t at = 0; at < size; at += 1 + size / 20) {
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      EXPECT_FALSE(values.matches(42, size, 0, whole)) << size << " at " << at;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
    }
  }
}

TEST(Popularity, ZipfHasItsFrequencies) {
  constexpr uint64_t kKeys = 1000;
  constexpr int kDraws = 400000;
  for (const double theta : {0.5, 0.99, 1.0, 1.5}) {
    const Zipf zipf(kKeys, theta);
    Random random(7);
    std::vector<int> counts(kKeys + 1);
    for (int draw = 0; draw < kDraws; ++draw) {
      const uint64_t rank = zipf.draw(random);
      ASSERT_TRUE(rank >= 1 && rank <= kKeys);
      ++counts[rank];
    }
    double total = 0;
    for (uint64_t rank = 1; rank <= kKeys; ++rank) {
      total += std::pow(static_cast<double>(rank), -theta);
    }
    for (const uint64_t rank : {1ul, 2ul, 10ul, 100ul}) {
      const double expected = kDraws * std::pow(static_cast<double>(rank), -theta) / total;
      EXPECT_NEAR(counts[rank], expected, 5 * std::sqrt(expected)) << theta << " rank " << rank;
    }
  }
}

TEST(Popularity, ScattersRanksOverAllKeys) {
  const auto popularity = *Popularity::parse("zipf:0.5", 50);
  Random random(1);
  std::set<uint64_t> seen;
  for (int draw = 0; draw < 20000; ++draw) {
    seen.insert(popularity.draw(random));
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(*seen.rbegin(), 49u);
  EXPECT_FALSE(Popularity::parse("zipf:0", 50));
  EXPECT_FALSE(Popularity::parse("normal", 50));
  EXPECT_FALSE(Popularity::parse("uniform", 0));
}

}  // namespace
}  // namespace ember::bench
