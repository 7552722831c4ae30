// SPDX-License-Identifier: BSD-3-Clause
// ConnectionLimit: how many connections one server has, may have (-c) and has turned away.
// Threads: any. Touched when connections come and go, never by requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace ember::server {

class ConnectionLimit {
 public:
  explicit ConnectionLimit(size_t max) : max_(max) {}

  size_t max() const { return max_; }
  size_t current() const { return current_.load(std::memory_order_relaxed); }
  bool full() const { return current() >= max_; }
  uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

  /// A connection came. Returns whether it has a place from now on; not if all are taken.
  bool take() {
    if (current_.fetch_add(1, std::memory_order_relaxed) >= max_) {
      give_back();
      rejected_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    total_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  /// A connection has gone. Requires: take() gave it a place.
  void give_back() {
    const size_t before = current_.fetch_sub(1, std::memory_order_relaxed);
    debug_check(before > 0, "a connection gives back the place that it has");
  }

 private:
  const size_t max_;
  std::atomic<size_t> current_{0};
  std::atomic<uint64_t> total_{0};
  std::atomic<uint64_t> rejected_{0};
};

}  // namespace ember::server
