// SPDX-License-Identifier: BSD-3-Clause
// Counter: a number one thread counts up and any thread reads. No atomic read-modify-write: the
// owner's increment costs what a plain one does.
#pragma once

#include <atomic>
#include <cstdint>

namespace ember {

class Counter {
 public:
  Counter() = default;
  Counter(uint64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor): it is a number
  Counter(const Counter& other) : value_(other.get()) {}
  Counter& operator=(const Counter& other) {
    set(other.get());
    return *this;
  }

  uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  operator uint64_t() const { return get(); }  // NOLINT(google-explicit-constructor)

  Counter& operator+=(uint64_t amount) {
    set(get() + amount);
    return *this;
  }
  Counter& operator-=(uint64_t amount) {
    set(get() - amount);
    return *this;
  }
  Counter& operator++() { return *this += 1; }

 private:
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }

  std::atomic<uint64_t> value_{0};
};

}  // namespace ember
