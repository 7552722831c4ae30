// SPDX-License-Identifier: BSD-3-Clause
#include "server/janitor_thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "storage/region/dram_region.h"

namespace ember::server {
namespace {

class NoObserver final : public storage::StoreObserver {
 public:
  void on_eviction(const Eviction&) override {}
  void on_page_move(uint8_t, uint8_t) override {}
};

class JanitorThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    auto region = storage::open_dram_region({.size = 64 * kMiB});
    ASSERT_TRUE(region) << region.error().message;
    region_ = std::move(*region);
    auto store = storage::Store::open({.memory_limit = 64 * kMiB}, *region_, clock_);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
  }

  Clock clock_;
  NoObserver observer_;
  std::unique_ptr<storage::MemoryRegion> region_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(JanitorThreadTest, TheClockTicks) {
  const JanitorThread janitor(clock_, *store_, observer_);
  const UnixSeconds before = clock_.now();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (clock_.now() == before) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_F(JanitorThreadTest, EndsWhileItNaps) {
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const JanitorThread janitor(clock_, *store_, observer_);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

}  // namespace
}  // namespace ember::server
