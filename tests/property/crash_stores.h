// SPDX-License-Identifier: BSD-3-Clause
// CrashStores: tells of every single store the engine makes to a watched range. So power can be cut
// between two stores of one line, where no flush and no fence is.
//
// The storage layer is compiled once more, for these tests, with -fsanitize=thread: the compiler
// then calls a function before each store. Here are those functions, in place of the sanitizer's.
// What memcpy copies is not told of. Where the build has sanitizers of its own, nothing is:
// stores_are_told() is false.
// Threads: stores of the thread that watches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace ember::property {

bool stores_are_told();

struct CrashStore {
  const std::byte* at = nullptr;
  size_t size = 0;
  /// Atomic stores are told of twice, before and after; others only before.
  bool done = false;
};

/// From construction to destruction. One at a time.
class StoreWatch {
 public:
  using Listener = std::function<void(const CrashStore&)>;
  StoreWatch(std::span<const std::byte> range, Listener listener);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;
};

}  // namespace ember::property
