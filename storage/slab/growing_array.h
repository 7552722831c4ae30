// SPDX-License-Identifier: BSD-3-Clause
// GrowingArray: elements that never move, up to a fixed capacity. What is not made yet costs only
// addresses.
// Threads: one grows it, while any use what is there; whoever uses a new element was told of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/check.h"

namespace ember::storage {

template <typename Element>
class GrowingArray {
 public:
  GrowingArray(size_t size, size_t capacity)
      : elements_(std::allocator<Element>().allocate(capacity)), capacity_(capacity) {
    grow(size);
  }
  ~GrowingArray() {
    std::destroy_n(elements_, size());
    std::allocator<Element>().deallocate(elements_, capacity_);
  }
  GrowingArray(const GrowingArray&) = delete;
  GrowingArray& operator=(const GrowingArray&) = delete;

  void grow(size_t size) {
    check(size <= capacity_, "an array grows within its capacity");
    for (size_t i = this->size(); i < size; ++i) {
      std::construct_at(elements_ + i);
    }
    size_.store(size, std::memory_order_release);
  }

  size_t size() const { return size_.load(std::memory_order_acquire); }
  size_t capacity() const { return capacity_; }
  Element& operator[](size_t index) { return elements_[index]; }
  const Element& operator[](size_t index) const { return elements_[index]; }

 private:
  Element* elements_;
  size_t capacity_;
  std::atomic<size_t> size_{0};
};

}  // namespace ember::storage
