// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/udp_rate_limiter.h"

#include <gtest/gtest.h>

#include <memory>

namespace ember::server::net {
namespace {

constexpr UdpRateLimiter::Time kStart{std::chrono::hours(1000)};
constexpr uint64_t kNetwork = 0x7f0000;

std::unique_ptr<UdpRateLimiter> limit_of(uint64_t rate) {
  return std::make_unique<UdpRateLimiter>(rate);
}

TEST(UdpRateLimiter, ASecondsWorthGoesAtOnceAndThenByTheClock) {
  const auto limit = limit_of(1000);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limit->take(kNetwork, 0, 100, kStart)) << i;
  }
  EXPECT_FALSE(limit->take(kNetwork, 0, 100, kStart));
  EXPECT_FALSE(limit->take(kNetwork, 0, 100, kStart + std::chrono::milliseconds(99)));
  EXPECT_TRUE(limit->take(kNetwork, 0, 100, kStart + std::chrono::milliseconds(100)));
  EXPECT_FALSE(limit->take(kNetwork, 0, 100, kStart + std::chrono::milliseconds(100)));
}

TEST(UdpRateLimiter, SilenceDoesNotSaveUp) {
  const auto limit = limit_of(1000);
  const auto later = kStart + std::chrono::hours(1);
  EXPECT_TRUE(limit->take(kNetwork, 0, 100, kStart));
  int taken = 0;
  while (taken < 1000 && limit->take(kNetwork, 0, 100, later)) {
    ++taken;
  }
  EXPECT_EQ(taken, 10);
}

TEST(UdpRateLimiter, WhatDoesNotAmplifyIsFree) {
  const auto limit = limit_of(1000);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limit->take(kNetwork, 100, 300, kStart));
  }
  // Only what is beyond counts.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limit->take(kNetwork, 100, 301, kStart)) << i;
  }
  EXPECT_FALSE(limit->take(kNetwork, 100, 301, kStart));
}

TEST(UdpRateLimiter, ALargeAnswerGoesWhenNothingIsOwed) {
  const auto limit = limit_of(1000);
  EXPECT_TRUE(limit->take(kNetwork, 0, 5000, kStart));
  EXPECT_FALSE(limit->take(kNetwork, 0, 1, kStart + std::chrono::milliseconds(3999)));
  EXPECT_TRUE(limit->take(kNetwork, 0, 5000, kStart + std::chrono::seconds(5)));
}

TEST(UdpRateLimiter, NetworksDoNotShareButByChance) {
  const auto limit = limit_of(1000);
  EXPECT_TRUE(limit->take(kNetwork, 0, 1000, kStart));
  EXPECT_FALSE(limit->take(kNetwork, 0, 1000, kStart));
  int taken = 0;
  for (uint64_t network = 1; network <= 100; ++network) {
    taken += limit->take(network, 0, 1000, kStart) ? 1 : 0;
  }
  // Two of a hundred share one of 4096 about once in one of these; ten do never.
  EXPECT_GT(taken, 90);
}

TEST(UdpRateLimiter, ZeroIsNoLimit) {
  const auto limit = limit_of(0);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limit->take(kNetwork, 0, 1 << 20, kStart));
  }
}

}  // namespace
}  // namespace ember::server::net
