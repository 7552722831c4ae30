// SPDX-License-Identifier: BSD-3-Clause
// GrowingArray: elements that never move, up to a fixed capacity. Elements not made yet cost only
// addresses. Not a vector: it never shrinks, copies or moves an element.
//
// Ownership: has its elements; references to them are good as long as the array is.
// Threads: one at a time grows it, while any use the elements that are there. A thread that uses a
// new element has seen size() rise, or was told of the element otherwise.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/check.h"

namespace ember::storage {

template <typename Element>
class GrowingArray {
 public:
  /// Makes `size` elements. Requires: size <= capacity.
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

  /// Makes elements until there are `size`. Requires: size <= capacity(). Cost: of the new
  /// elements.
  void grow(size_t size) {
    check(size <= capacity_, "an array grows within its capacity");
    for (size_t i = this->size(); i < size; ++i) {
      std::construct_at(elements_ + i);
    }
    size_.store(size, std::memory_order_release);
  }

  /// Return how many elements there are, and how many there can be.
  size_t size() const { return size_.load(std::memory_order_acquire); }
  size_t capacity() const { return capacity_; }
  /// Return an element. Requires: index < size().
  Element& operator[](size_t index) {
    debug_check([&] { return index < size(); }, "an element that is used was made");
    return elements_[index];
  }
  const Element& operator[](size_t index) const {
    debug_check([&] { return index < size(); }, "an element that is used was made");
    return elements_[index];
  }

 private:
  Element* elements_;
  size_t capacity_;
  std::atomic<size_t> size_{0};
};

}  // namespace ember::storage
