// SPDX-License-Identifier: BSD-3-Clause
// SizeClasses: which chunk sizes there are, and which fits a given size. A table; the pages and
// chunks of a size are a SlabClass's.
//
// Sizes grow by a factor, are multiples of 8, and are stretched so that a page divides into them
// without a rest worth an 8-byte step. The largest is half a page; larger items are chained.
//
// Invariants: sizes rise with the class's id; the smallest class that holds a size wastes least.
// Threads: any; nothing changes after construction. Cost: a lookup is one load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ember::storage {

class SizeClasses {
 public:
  /// Class ids run from 1 to count(); 0 means "none" everywhere.
  static constexpr size_t kMaxClasses = 250;

  /// Returns the largest chunk: half of what chunks fill of a page. The parts of chained items have
  /// this size.
  static constexpr size_t largest_for(size_t page_payload) { return page_payload / 2 / 8 * 8; }

  /// `page_payload`: bytes of a page that chunks may fill. `smallest`: of the first class; less
  /// than that if it is over largest_for(). Requires: growth_factor > 1.
  SizeClasses(double growth_factor, size_t smallest, size_t page_payload);

  /// Returns how many classes there are.
  size_t count() const { return sizes_.size() - 1; }
  /// Return a class's chunk size, and how many chunks a page of the class has.
  /// Requires: id <= count(); 0 of class 0.
  uint32_t chunk_size(uint8_t id) const { return sizes_[id]; }
  uint32_t chunks_per_page(uint8_t id) const { return per_page_[id]; }
  /// Returns the largest chunk size.
  uint32_t largest() const { return sizes_.back(); }

  /// Returns the smallest class whose chunks hold `size` bytes; 0 if even the largest does not.
  uint8_t class_for(size_t size) const { return size > largest() ? 0 : by_size_[(size + 7) / 8]; }

 private:
  void add(uint32_t size, size_t page_payload);

  std::vector<uint32_t> sizes_{0};
  std::vector<uint32_t> per_page_{0};
  std::vector<uint8_t> by_size_;
};

}  // namespace ember::storage
