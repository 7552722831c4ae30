// SPDX-License-Identifier: BSD-3-Clause
// CrashWalk: random operations on a CrashRig, and now and then a crash for good.
#pragma once

#include <cstdint>
#include <string>

#include "tests/property/choices.h"
#include "tests/property/crash_rig.h"

namespace ember::property {

class CrashWalk {
 public:
  CrashWalk(CrashRig& rig, const WalkOptions& options, uint64_t seed)
      : rig_(rig), options_(options), choices_(options, rig.clock(), seed) {}

  /// Stops at the first fault.
  void run(unsigned steps);

  uint64_t crashes() const { return crashes_; }

 private:
  void act();
  void rearrange();
  void write();
  void modify(const std::string& key);
  uint32_t pick(uint32_t below) { return choices_.pick(below); }
  bool one_in(uint32_t n) { return choices_.one_in(n); }

  CrashRig& rig_;
  WalkOptions options_;
  Choices choices_;
  uint64_t crashes_ = 0;
};

}  // namespace ember::property
