// SPDX-License-Identifier: BSD-3-Clause
#include "storage/order/write_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace ember::storage {
namespace {

TEST(WriteOrderTest, CountsFromOne) {
  WriteOrder order;
  EXPECT_EQ(order.last(), 0U);
  EXPECT_EQ(order.next(), 1U);
  EXPECT_EQ(order.next(), 2U);
  EXPECT_EQ(order.last(), 2U);
}

TEST(WriteOrderTest, GoesOnBehindWhatWasFound) {
  WriteOrder order;
  order.restore(100);
  EXPECT_EQ(order.next(), 101U);
}

TEST(WriteOrderTest, SkipsNumbers) {
  WriteOrder order;
  EXPECT_EQ(order.skip(10), 10U);
  EXPECT_EQ(order.next(), 11U);
}

TEST(WriteOrderTest, ReservesABatchBeforeItsFirstNumberIsHandedOut) {
  WriteOrder order;
  order.restore(100);
  std::vector<uint64_t> limits;
  order.start_reserving(10, [&](uint64_t limit) { limits.push_back(limit); });
  while (order.next() < 109) {
  }
  EXPECT_TRUE(limits.empty()) << "those below 110 were reserved";
  EXPECT_EQ(order.next(), 110U);
  EXPECT_EQ(limits, std::vector<uint64_t>{120});
  order.skip(1000);
  EXPECT_EQ(limits, (std::vector<uint64_t>{120, 1120}));
}

TEST(WriteOrderTest, HandsOutNoNumberTwiceAndNoneThatIsNotReserved) {
  constexpr uint64_t kEach = 20'000;
  WriteOrder order;
  std::atomic<uint64_t> reserved{7};
  order.start_reserving(7, [&](uint64_t limit) { reserved = limit; });
  std::atomic<uint64_t> beyond{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (uint64_t write = 0; write < kEach; ++write) {
          if (order.next() >= reserved) {
            ++beyond;
          }
        }
      });
    }
  }
  EXPECT_EQ(order.last(), 4 * kEach);
  EXPECT_EQ(beyond, 0U);
}

}  // namespace
}  // namespace ember::storage
