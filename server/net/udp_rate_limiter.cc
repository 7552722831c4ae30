// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/udp_rate_limiter.h"

#include <algorithm>
#include <random>

#include "base/check.h"

namespace ember::server::net {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

uint64_t random_key() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

/// The finalizer of splitmix64: each bit of the input changes half of those of the output.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

UdpRateLimiter::UdpRateLimiter(uint64_t bytes_per_second)
    : bytes_per_second_(bytes_per_second), key_(random_key()) {}

bool UdpRateLimiter::take(uint64_t network, size_t request_size, size_t answer_size, Time now) {
  const size_t free = request_size * kFreeFactor;
  if (bytes_per_second_ == 0 || answer_size <= free) {
    return true;
  }
  const uint64_t size = answer_size - free;
  // A reply has at most some MiB, so the product fits.
  const auto cost = static_cast<int64_t>(size * static_cast<uint64_t>(kSecond) / bytes_per_second_);
  const int64_t present =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  auto& paid_until = paid_until_[mix(mix(network ^ key_) + key_) % kAllowances];
  debug_check(cost >= 0, "what an answer costs fits");
  int64_t before = paid_until.load(std::memory_order_relaxed);
  while (true) {
    const int64_t after = std::max(before, present) + cost;
    // One that is larger than a second's worth goes when nothing is owed.
    if (after - present > kSecond && before > present) {
      return false;
    }
    if (paid_until.compare_exchange_weak(before, after, std::memory_order_relaxed)) {
      return true;
    }
  }
}

}  // namespace ember::server::net
