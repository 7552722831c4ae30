// SPDX-License-Identifier: BSD-3-Clause
// A start that is told to end while it looks through a persistent region: at whatever moment, what
// is in the region is there for the next one.
#include <gtest/gtest.h>

#include <atomic>

#include "storage/restart/recovery.h"
#include "tests/unit/storage/reopened_store.h"

namespace ember::storage {
namespace {

using LastStop = RecoveryReport::LastStop;
using Source = RecoveryReport::Source;

/// A persistent region that raises a flag when so much was asked of it.
class Alarm final : public MemoryRegion, public Persist {
 public:
  Alarm(MemoryRegion& region, int flushes) : region_(region), flushes_(flushes) {}

  std::span<std::byte> bytes() override { return region_.bytes(); }
  std::span<std::byte> whole() override { return region_.whole(); }
  Persist* persist() override { return this; }
  bool persistent() const override { return true; }
  Result<void> cut() override { return region_.cut(); }
  Result<void> sync(size_t at, size_t size) override { return region_.sync(at, size); }

  void flush(std::span<const std::byte> range) override {
    region_.persist()->flush(range);
    if (--flushes_ == 0) {
      raised = true;
    }
  }
  void fence() override { region_.persist()->fence(); }

  std::atomic<bool> raised{false};

 private:
  MemoryRegion& region_;
  int flushes_;
};

class AStartGivenUp : public ReopenedStore {
 protected:
  static constexpr size_t kItems = 2000;

  AStartGivenUp() {
    region_ = std::make_unique<PersistentRegion>(kSize, PersistentRegion::persistent_memory);
    restart();
    for (size_t i = 0; i < kItems; ++i) {
      now().set(numbered("key", i), pattern(i % 300, static_cast<unsigned>(i)));
    }
    now().set("large", pattern(300'000));
  }

  void expect_all() {
    for (size_t i = 0; i < kItems; ++i) {
      ASSERT_EQ(now().get(numbered("key", i)), pattern(i % 300, static_cast<unsigned>(i))) << i;
    }
    EXPECT_EQ(now().get("large"), pattern(300'000));
  }

  /// False if the start was over before so many flushes.
  bool give_up_after(int flushes) {
    Alarm alarm(*region_, flushes);
    StoreOptions options = options_;
    options.give_up = &alarm.raised;
    const Clock clock;
    const auto opened = Store::open(options, alarm, clock);
    if (opened) {
      return false;
    }
    EXPECT_TRUE(alarm.raised);
    EXPECT_NE(opened.error().message.find("asked to end"), std::string::npos)
        << opened.error().message;
    return true;
  }
};

TEST_F(AStartGivenUp, BeforeItLooksLeavesTheStopBeforeItAsItWas) {
  stop();
  ASSERT_TRUE(give_up_after(1));
  start();
  EXPECT_EQ(report().last_stop, LastStop::graceful);
  EXPECT_EQ(report().items, kItems + 1);
  expect_all();
}

TEST_F(AStartGivenUp, AfterACrashIsStillAfterACrash) {
  crash();
  ASSERT_TRUE(give_up_after(1));
  start();
  EXPECT_EQ(report().last_stop, LastStop::crash);
  EXPECT_EQ(report().source, Source::scan);
  EXPECT_EQ(report().damaged + report().replaced + report().expired, 0U);
  expect_all();
}

TEST_F(AStartGivenUp, WhileWhatIsDeadIsEndedKeepsTheRest) {
  for (size_t i = 0; i < 1000; ++i) {
    now().set(numbered("dead", i), "x", 1);
  }
  crash();
  int given_up = 0;
  for (int flushes = 1; flushes < 1000; flushes += 97) {
    Alarm alarm(*region_, flushes);
    StoreOptions options = options_;
    options.give_up = &alarm.raised;
    Clock later;
    later.advance(kHour);
    given_up += Store::open(options, alarm, later) ? 0 : 1;
  }
  EXPECT_GT(given_up, 1) << "each ends the rest of a page";
  start(kHour);
  EXPECT_EQ(now().get("dead0"), std::nullopt);
  expect_all();
}

TEST_F(AStartGivenUp, AtAnyMomentOfMovingHouseLosesNothing) {
  stop();
  options_.growth_factor = 1.3;
  int given_up = 0;
  for (int flushes = 1; flushes < 4000; flushes += 53) {
    if (!give_up_after(flushes)) {
      break;
    }
    ++given_up;
  }
  EXPECT_GT(given_up, 5);
  start();
  EXPECT_EQ(now().store->stats().items, kItems + 1);
  expect_all();
}

TEST_F(AStartGivenUp, WhenTheWorkIsDoneIsAStart) {
  crash();
  EXPECT_FALSE(give_up_after(1'000'000));
}

}  // namespace
}  // namespace ember::storage
