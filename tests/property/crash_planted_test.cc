// SPDX-License-Identifier: BSD-3-Clause
// The classic bugs, planted one by one: each flush and each fence of a story left out, each flush
// done after what it was to come before. Finding them is what the crash tests are for.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/property/crash_scenarios.h"
#include "tests/property/crash_stores.h"
#include "tests/property/seed.h"

namespace ember::property {
namespace {

using Bug = CrashRegion::Plant::Bug;

// Of a kind, in a story; with each seed at other places, where there are more.
constexpr uint64_t kMostPlants = 20;
constexpr uint64_t kMostAttempts = 4;

class CrashPlanted : public testing::TestWithParam<CrashScenario> {
 protected:
  struct Harvest {
    uint64_t planted = 0;
    uint64_t found = 0;
    std::string missed;
  };

  /// Where all have to be found.
  static uint64_t attempts() { return GetParam().must_find == 100 ? kMostAttempts : 1; }

  /// A bug that one image in four shows hides from ten of them now and then, not from forty.
  static bool shows(const CrashRigOptions& options, const CrashRegion::Plant& planted,
                    uint64_t seed) {
    for (uint64_t attempt = 0; attempt < attempts(); ++attempt) {
      CrashRig rig(options, seed + attempt * kMostPlants * kMostPlants);
      run_scenario(GetParam(), rig, planted);
      if (rig.faulty()) {
        return true;
      }
    }
    return false;
  }

  /// Plants the bug at each place, each in a run of its own.
  static Harvest plant(Bug bug, uint64_t places, uint64_t seed) {
    Harvest harvest;
    const uint64_t step = (places + kMostPlants - 1) / kMostPlants;
    CrashRigOptions options = GetParam().options;
    options.images = 10;
    for (uint64_t at = seed % step; at < places; at += step) {
      ++harvest.planted;
      if (shows(options, {bug, at}, seed + at)) {
        ++harvest.found;
      } else {
        harvest.missed += ' ' + std::to_string(at);
      }
    }
    return harvest;
  }

  static CrashRegion::Counts count(uint64_t seed) {
    CrashRig rig(GetParam().options, seed);
    rig.quiet(true);
    run_scenario(GetParam(), rig);
    return rig.region().counts();
  }

  static void expect_found(const char* name, const Harvest& harvest) {
    std::printf("%s: %s: found %llu of %llu; missed:%s\n", GetParam().name.c_str(), name,
                static_cast<unsigned long long>(harvest.found),
                static_cast<unsigned long long>(harvest.planted), harvest.missed.c_str());
    EXPECT_GT(harvest.planted, 0);
    EXPECT_GE(harvest.found * 100, harvest.planted * GetParam().must_find)
        << name << ", missed:" << harvest.missed;
  }
};

TEST_P(CrashPlanted, IsFound) {
  if (!stores_are_told()) {
    GTEST_SKIP() << "skipped, because a build with sanitizers is too slow for so many runs";
  }
  const uint64_t seed = seed_of_test();
  const CrashRegion::Counts counts = count(seed);
  std::printf("idle: %llu flushes, %llu fences\n",
              static_cast<unsigned long long>(counts.idle_flushes),
              static_cast<unsigned long long>(counts.idle_fences));
  expect_found("a flush left out", plant(Bug::lost_flush, counts.flushes, seed));
  expect_found("a fence left out", plant(Bug::lost_fence, counts.fences, seed));
  expect_found("a flush done late", plant(Bug::late_flush, counts.flushes, seed));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, CrashPlanted, testing::ValuesIn(plantable_scenarios()),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace ember::property
