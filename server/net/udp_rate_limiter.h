// SPDX-License-Identifier: BSD-3-Clause
// UdpRateLimiter: how much may be answered to a network in a second, when nobody can tell whether
// the addresses in its requests are its own. UDP's, where a small request with a false source would
// otherwise send a large answer to a victim.
//
// A network is a number (UdpPeer::network). Networks share a fixed number of allowances, dealt out
// by a keyed hash, so memory is bounded and nobody can choose whose allowance is used up.
//
// Threads: any; one server has one. Cost: a hash and an atomic exchange an answer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ember::server::net {

class UdpRateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Answers of up to this many times the request are free: they are no amplifier worth the name
  /// (the bound QUIC, RFC 9000, 8.1, has for addresses that are not validated).
  static constexpr size_t kFreeFactor = 3;

  /// 0: no limit. A second's worth may go at once, and one answer of any size when nothing is owed.
  explicit UdpRateLimiter(uint64_t bytes_per_second);

  /// Whether an answer of `answer_size` bytes to a request of `request_size` may go to `network`;
  /// if so, it is counted.
  bool take(uint64_t network, size_t request_size, size_t answer_size, Time now);

 private:
  static constexpr size_t kAllowances = 4096;

  uint64_t bytes_per_second_;
  uint64_t key_;
  /// When what was sent would have been sent at the permitted rate, in nanoseconds.
  std::array<std::atomic<int64_t>, kAllowances> paid_until_{};
};

}  // namespace ember::server::net
