// SPDX-License-Identifier: BSD-3-Clause
// exptimes, as memcached reads them.
#include "protocol/expiry.h"

#include <gtest/gtest.h>

#include <limits>

namespace ember::protocol {
namespace {

constexpr UnixSeconds kNow = 1'800'000'000;

TEST(Expiry, ZeroIsNever) { EXPECT_EQ(expiry_of(0, kNow), 0U); }

TEST(Expiry, NegativeIsLongPast) {
  EXPECT_EQ(expiry_of(-1, kNow), kExpiredAtOnce);
  EXPECT_EQ(expiry_of(std::numeric_limits<int64_t>::min(), kNow), kExpiredAtOnce);
}

TEST(Expiry, UpToThirtyDaysCountFromNow) {
  EXPECT_EQ(expiry_of(1, kNow), kNow + 1);
  EXPECT_EQ(expiry_of(kMaxRelativeExptime, kNow), kNow + 2'592'000);
}

TEST(Expiry, AboveItIsUnixTime) {
  EXPECT_EQ(expiry_of(kMaxRelativeExptime + 1, kNow), 2'592'001U);
  EXPECT_EQ(expiry_of(kNow + 5, kNow), kNow + 5);
}

TEST(Expiry, BeyondThirtyTwoBitsIsTheLastSecond) {
  constexpr UnixSeconds kLast = std::numeric_limits<UnixSeconds>::max();
  EXPECT_EQ(expiry_of(int64_t{kLast}, kNow), kLast);
  EXPECT_EQ(expiry_of(int64_t{kLast} + 1, kNow), kLast);
  EXPECT_EQ(expiry_of(std::numeric_limits<int64_t>::max(), kNow), kLast);
  EXPECT_EQ(expiry_of(kMaxRelativeExptime, kLast - 5), kLast);
}

TEST(Expiry, RemainingTimeToLive) {
  EXPECT_EQ(remaining_ttl(0, kNow), -1);
  EXPECT_EQ(remaining_ttl(kNow + 30, kNow), 30);
  EXPECT_EQ(remaining_ttl(kNow, kNow), 0);
  EXPECT_EQ(remaining_ttl(kExpiredAtOnce, kNow), 0);
}

TEST(Expiry, FlushTimes) {
  EXPECT_EQ(flush_time(0, kNow), 0U);
  EXPECT_EQ(flush_time(-10, kNow), 0U);
  EXPECT_EQ(flush_time(2, kNow), kNow + 2);
  EXPECT_EQ(flush_time(int64_t{kNow} + 100, kNow), kNow + 100);
  EXPECT_EQ(flush_time(int64_t{kNow} - 100, kNow), 0U);
}

}  // namespace
}  // namespace ember::protocol
