// SPDX-License-Identifier: BSD-3-Clause
// random: small seeded generators, the same on every machine; std's distributions are not.
#pragma once

#include <cstdint>

namespace ember::bench {

/// 128 bits: beyond the standard, but in both compilers.
__extension__ using Wide = unsigned __int128;

/// `bits`, any 64, scaled to 0 <= value < bound.
constexpr uint64_t scale(uint64_t bits, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<Wide>(bits) * bound) >> 64);
}

/// Scrambles all bits (the finalizer of splitmix64): a hash for indexes.
constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// splitmix64: 64 independent bits a call, about a nanosecond.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(mix(seed)) {}

  uint64_t next() {
    const uint64_t value = mix(state_);
    state_ += 0x9e3779b97f4a7c15;
    return value;
  }

  /// 0 <= value < bound.
  uint64_t below(uint64_t bound) { return scale(next(), bound); }

  /// 0 <= value < 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace ember::bench
