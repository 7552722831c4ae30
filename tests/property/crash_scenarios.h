// SPDX-License-Identifier: BSD-3-Clause
// CrashScenarios: short stories, one for each way the store writes to memory that lasts.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/property/crash_rig.h"

namespace ember::property {

struct CrashScenario {
  std::string name;
  CrashRigOptions options;
  /// Not looked at while it runs; what it leaves is what the story begins with.
  void (*prepare)(CrashRig&) = nullptr;
  void (*act)(CrashRig&) = nullptr;
  /// Bugs are planted in it one by one: it is short.
  bool plantable = true;
  /// The share of them that must be found, in percent. Not all can be: an item of one line needs no
  /// flush before its seal; of the superblock's two copies one may be lost.
  unsigned must_find = 20;

  friend void PrintTo(const CrashScenario& scenario, std::ostream* out);
};

const std::vector<CrashScenario>& crash_scenarios();

/// Those that bugs are planted in.
std::vector<CrashScenario> plantable_scenarios();

/// All of it, with a bug planted where the story begins; in the end every key is removed: a version
/// that was replaced, but did not end, would come back then.
void run_scenario(const CrashScenario& scenario, CrashRig& rig, CrashRegion::Plant plant = {});

/// `size` bytes that no other `salt` gives.
std::string distinct_value(size_t size, unsigned salt);

}  // namespace ember::property
