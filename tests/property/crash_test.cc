// SPDX-License-Identifier: BSD-3-Clause
// The store, cut off at every flush, fence and acknowledgement: nothing acknowledged is missing,
// nothing that ended comes back, every value is whole.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/property/crash_scenarios.h"
#include "tests/property/crash_walk.h"
#include "tests/property/seed.h"

namespace ember::property {
namespace {

class Crash : public testing::TestWithParam<CrashScenario> {};

void report(const CrashRig& rig) {
  std::printf("%llu images\n", static_cast<unsigned long long>(rig.images()));
  testing::Test::RecordProperty("images", std::to_string(rig.images()));
}

TEST_P(Crash, LosesNothingThatWasAcknowledged) {
  CrashRig rig(GetParam().options, seed_of_test());
  run_scenario(GetParam(), rig);
  report(rig);
  EXPECT_FALSE(rig.faulty()) << rig.faults();
  EXPECT_GT(rig.images(), 30);
}

TEST_P(Crash, LosesNothingWhenRecoveryIsCutOffToo) {
  CrashRig rig(GetParam().options, seed_of_test());
  run_scenario(GetParam(), rig);
  for (int i = 0; i < 3; ++i) {
    rig.crash(0);
    rig.write({.key = "a", .value = distinct_value(30, 1)});
    rig.remove("b");
  }
  report(rig);
  EXPECT_FALSE(rig.faulty()) << rig.faults();
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Crash, testing::ValuesIn(crash_scenarios()),
                         [](const auto& of) { return of.param.name; });

const CrashScenario& scenario(const std::string& name) {
  return *std::ranges::find(crash_scenarios(), name, &CrashScenario::name);
}

TEST(CrashScenarios, TheTightOnesEvictAndMovePagesAndItems) {
  for (const char* name : {"eviction", "page_move", "less_memory"}) {
    CrashRig rig(scenario(name).options, seed_of_test());
    rig.quiet(true);
    run_scenario(scenario(name), rig);
    uint64_t evicted = 0;
    for (const storage::ClassStats& of : rig.store().class_stats()) {
      evicted += of.evicted;
    }
    const storage::StoreStats stats = rig.store().stats();
    std::printf("%s: %llu evicted, %llu pages and %llu items moved\n", name,
                static_cast<unsigned long long>(evicted),
                static_cast<unsigned long long>(stats.pages_moved),
                static_cast<unsigned long long>(stats.rescues));
    EXPECT_GT(evicted, 0) << name;
    if (std::string(name) != "eviction") {
      EXPECT_GT(stats.pages_moved, 0);
    }
    if (std::string(name) == "page_move") {
      EXPECT_GT(stats.rescues, 0);
    }
  }
}

TEST(CrashScenarios, TheRoomyOnesMovePagesAndItemsAndEvictNothing) {
  const CrashScenario& story = scenario("page_move_on_command");
  CrashRig rig(story.options, seed_of_test());
  rig.quiet(true);
  story.prepare(rig);
  story.act(rig);
  const storage::StoreStats stats = rig.store().stats();
  EXPECT_EQ(stats.pages_moved, 1U);
  EXPECT_GT(stats.rescues, 0U);
  for (const storage::ClassStats& of : rig.store().class_stats()) {
    EXPECT_EQ(of.evicted, 0U);
  }
}

CrashRigOptions walk_options() {
  CrashRigOptions options;
  options.store.cas_reserve = 16;
  options.images = 12;
  options.moment_one_in = 3;
  return options;
}

void expect_sound_walk(const CrashRigOptions& rig_options, const WalkOptions& options,
                       unsigned steps) {
  const uint64_t seed = seed_of_test();
  CrashRig rig(rig_options, seed);
  CrashWalk walk(rig, options, seed);
  walk.run(steps);
  report(rig);
  EXPECT_FALSE(rig.faulty()) << rig.faults();
  EXPECT_GT(walk.crashes(), 0);
}

TEST(CrashWalk, SmallValues) {
  expect_sound_walk(
      walk_options(),
      {.key_count = 20, .max_value_size = 600, .advance_one_in = 15, .flush_one_in = 40},
      EMBER_CRASH_STEPS);
}

TEST(CrashWalk, ChainedValues) {
  CrashRigOptions rig = walk_options();
  rig.store.memory_limit = 2 * kMiB;
  expect_sound_walk(rig,
                    {.key_count = 4,
                     .max_value_size = 4096,
                     .large_one_in = 3,
                     .max_large_size = 100 * kKiB,
                     .flush_one_in = 40},
                    EMBER_CRASH_STEPS / 2);
}

TEST(CrashWalk, ShortOfMemory) {
  CrashRigOptions rig = walk_options();
  rig.may_vanish = true;
  rig.moment_one_in = 10;
  expect_sound_walk(rig,
                    {.key_count = 60,
                     .max_value_size = 32 * kKiB,
                     .large_one_in = 6,
                     .max_large_size = 200 * kKiB,
                     .flush_one_in = 200},
                    EMBER_CRASH_STEPS);
}

TEST(CrashWalk, OtherLimitsAndMovedPages) {
  CrashRigOptions rig = walk_options();
  rig.store.memory_limit = 2 * kMiB;
  rig.may_vanish = true;
  rig.moment_one_in = 10;
  expect_sound_walk(rig,
                    {.key_count = 100,
                     .max_value_size = 32 * kKiB,
                     .large_one_in = 6,
                     .max_large_size = 200 * kKiB,
                     .flush_one_in = 200,
                     .resize_one_in = 20,
                     .least_limit = kMiB,
                     .most_limit = 2 * kMiB,
                     .move_one_in = 15},
                    EMBER_CRASH_STEPS);
}

}  // namespace
}  // namespace ember::property
