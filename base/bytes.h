// SPDX-License-Identifier: BSD-3-Clause
// bytes: sizes, alignment, unaligned loads and stores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ember {

inline constexpr size_t kKiB = size_t{1} << 10;
inline constexpr size_t kMiB = size_t{1} << 20;
inline constexpr size_t kGiB = size_t{1} << 30;

/// The unit in which cores share memory (x86-64; also the unit of a persist on DAX).
inline constexpr size_t kCacheLineSize = 64;

/// `value` rounded up to a multiple of `alignment`, a power of two.
constexpr size_t align_up(size_t value, size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

/// Reads a T from bytes of any alignment.
template <typename T>
T load_unaligned(const void* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

/// Writes a T to bytes of any alignment.
template <typename T>
void store_unaligned(void* to, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace ember
