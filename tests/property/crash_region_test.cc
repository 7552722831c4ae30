// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_region.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

#include "tests/property/crash_images.h"

namespace ember::property {
namespace {

using Bug = CrashRegion::Plant::Bug;

constexpr size_t kSize = 16 * kKiB;

/// A region with two words in lines of their own.
class CrashRegionTest : public testing::Test {
 protected:
  void put(size_t line, char c) { region_.bytes()[line * kCacheLineSize] = std::byte(c); }
  void flush(size_t line) {
    region_.persist()->flush(region_.bytes().subspan(line * kCacheLineSize, 1));
  }
  void fence() { region_.persist()->fence(); }

  /// The pairs of words that a cut now can leave, as "ab".
  std::set<std::string> pairs(unsigned most = 20) {
    std::set<std::string> found;
    CrashImages images(kSize, 1);
    images.each(region_, most, [&](ImageRegion& image) {
      const auto first = static_cast<char>(image.bytes()[0]);
      const auto second = static_cast<char>(image.bytes()[kCacheLineSize]);
      found.insert({first == 0 ? '-' : first, second == 0 ? '-' : second});
    });
    return found;
  }

  CrashRegion region_{kSize};
};

using Pairs = std::set<std::string>;

TEST_F(CrashRegionTest, WhatWasNotFlushedMayBeThereOrNot) {
  EXPECT_EQ(pairs(), Pairs({"--"}));
  put(0, 'a');
  put(1, 'b');
  EXPECT_EQ(pairs(), Pairs({"--", "a-", "-b", "ab"}));
  fence();
  EXPECT_EQ(pairs(), Pairs({"--", "a-", "-b", "ab"})) << "a fence alone does nothing";
}

TEST_F(CrashRegionTest, WhatWasFlushedIsSureOnlyAfterAFence) {
  put(0, 'a');
  flush(0);
  EXPECT_EQ(pairs(), Pairs({"--", "a-"}));
  EXPECT_FALSE(region_.is_safe(region_.bytes().first(1)));
  put(1, 'b');
  fence();
  EXPECT_EQ(pairs(), Pairs({"a-", "ab"}));
  EXPECT_TRUE(region_.is_safe(region_.bytes().first(1)));
  EXPECT_FALSE(region_.is_safe(region_.bytes().first(kCacheLineSize + 1)));
}

TEST_F(CrashRegionTest, AFenceIsForWhatTheLineHeldWhenItWasFlushed) {
  put(0, 'a');
  flush(0);
  put(0, 'A');
  EXPECT_EQ(pairs(), Pairs({"--", "a-", "A-"}));
  fence();
  EXPECT_EQ(pairs(), Pairs({"a-", "A-"}));
  flush(0);
  fence();
  EXPECT_EQ(pairs(), Pairs({"A-"}));
}

TEST_F(CrashRegionTest, WhereThereAreManyLinesTheExtremesAreAmongTheImages) {
  for (size_t line = 0; line < 100; ++line) {
    put(line, 'x');
  }
  const Pairs found = pairs(8);
  EXPECT_TRUE(found.contains("--"));
  EXPECT_TRUE(found.contains("xx"));
}

TEST_F(CrashRegionTest, WhatWasGivenBackIsThereOrZero) {
  put(0, 'a');
  put(1, 'b');
  flush(0);
  flush(1);
  fence();
  region_.decommit(0, 2 * kCacheLineSize);
  EXPECT_EQ(region_.bytes()[0], std::byte(0));
  EXPECT_EQ(pairs(), Pairs({"--", "a-", "-b", "ab"}));
  put(0, 'c');
  flush(0);
  fence();
  EXPECT_EQ(pairs(), Pairs({"c-", "cb"}));
}

TEST_F(CrashRegionTest, TellsBeforeEachFlushAndFence) {
  std::vector<CrashRegion::Moment> told;
  region_.listen([&](CrashRegion::Moment moment) {
    told.push_back(moment);
    flush(0);  // not told of: the listener is at work
  });
  put(0, 'a');
  flush(0);
  fence();
  EXPECT_EQ(told, (std::vector{CrashRegion::Moment::flush, CrashRegion::Moment::fence}));
}

TEST_F(CrashRegionTest, LosesThePlantedFlush) {
  region_.plant({Bug::lost_flush, 1});
  put(0, 'a');
  flush(0);
  put(1, 'b');
  flush(1);
  fence();
  EXPECT_EQ(pairs(), Pairs({"a-", "ab"}));
  EXPECT_EQ(region_.counts().flushes, 2);
  EXPECT_EQ(region_.counts().fences, 1);
  EXPECT_EQ(region_.counts().idle_flushes, 0);
}

TEST_F(CrashRegionTest, LosesThePlantedFence) {
  region_.plant({Bug::lost_fence, 0});
  put(0, 'a');
  flush(0);
  fence();
  EXPECT_EQ(pairs(), Pairs({"--", "a-"}));
  fence();
  EXPECT_EQ(pairs(), Pairs({"a-"}));
}

TEST_F(CrashRegionTest, DoesThePlantedFlushAfterTheNextFence) {
  region_.plant({Bug::late_flush, 0});
  put(0, 'a');
  flush(0);
  put(1, 'b');
  flush(1);
  fence();
  EXPECT_EQ(pairs(), Pairs({"-b", "ab"}));
  fence();
  EXPECT_EQ(pairs(), Pairs({"ab"}));
}

}  // namespace
}  // namespace ember::property
