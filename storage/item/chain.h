// SPDX-License-Identifier: BSD-3-Clause
// Chain: the parts of a chained item. A value too large for one chunk lies in chunks of its own:
// each part but the last has part_size bytes (the largest chunk's), and the item holds, in place of
// the value, a table of the parts' offsets in the arena, 8 bytes each.
//
//   item | header 24 | sequence? | key | offset of part 0 | offset of part 1 | ...
//
// It reads the table and divides the value; it knows neither pages nor chunk states. What it reads
// of an item that was not checked (item_check.h) may be anything, so it judges no offset.
//
// Ownership: refers to the table's bytes: valid as long as the item is.
// Threads: any. Cost: count() and for_each() divide once; the others do not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/item/item.h"

namespace ember::storage {

class Chain {
 public:
  struct Part {
    size_t index = 0;
    uint64_t offset = 0;  // of the chunk in the arena
    size_t size = 0;      // of the value's bytes in that chunk
  };

  /// Returns how many parts a value has. Requires: part_size is not 0.
  static constexpr size_t count_for(size_t value_size, size_t part_size) {
    return (value_size + part_size - 1) / part_size;
  }

  /// Returns the bytes of a table of so many parts.
  static constexpr size_t table_size(size_t parts) { return parts * sizeof(uint64_t); }

  /// Enters the offset of a part in the table of an item that is being made.
  static void set_offset(char* table, size_t part, uint64_t offset) {
    store_unaligned(table + table_size(part), offset);
  }

  /// The parts of a value of this size. Requires: part_size is not 0, unless the value is empty.
  Chain(const char* table, size_t value_size, size_t part_size)
      : table_(table), value_size_(value_size), part_size_(part_size) {
    debug_check(part_size != 0 || value_size == 0, "parts of a chain have bytes");
  }

  /// Returns the parts of a published item; none if the item is not chained.
  static Chain of(const Item& item, size_t part_size) {
    return item.chained() ? Chain(item.body(), item.value_size(), part_size) : Chain();
  }

  /// Returns how many parts there are.
  size_t count() const { return value_size_ == 0 ? 0 : count_for(value_size_, part_size_); }

  /// Returns the offset in the arena of a part's chunk. Requires: part < count().
  uint64_t offset_of(size_t part) const {
    debug_check([&] { return part < count(); }, "a chain has the part asked for");
    return load_unaligned<uint64_t>(table_ + table_size(part));
  }

  /// Returns the bytes of a part. Requires: part < count().
  size_t size_of(size_t part) const {
    debug_check([&] { return part < count(); }, "a chain has the part asked for");
    return std::min(part_size_, value_size_ - part * part_size_);
  }

  /// Calls `visit(part)` for each Part, in the order of the value's bytes. What `visit` does may
  /// end the item, but must not free its chunk.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const size_t parts = count();
    for (size_t part = 0; part < parts; ++part) {
      visit(Part{.index = part, .offset = offset_of(part), .size = size_of(part)});
    }
  }

 private:
  Chain() = default;

  const char* table_ = nullptr;
  size_t value_size_ = 0;
  size_t part_size_ = 0;
};

}  // namespace ember::storage
