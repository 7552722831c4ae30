// SPDX-License-Identifier: BSD-3-Clause
// StoreTuning: what may be changed in a running store: how its background works. Not its limits.
// Threads: any writes, any reads; a change counts from the janitor's next round on.
#pragma once

#include <atomic>
#include <cstdint>

namespace ember::storage {

struct StoreTuning {
  /// Expired items are looked for in the background. Without, they go when somebody asks for them
  /// or needs their memory.
  std::atomic<bool> sweep{true};
  /// Microseconds of rest for each thousand items looked at.
  std::atomic<uint32_t> sweep_rest_us{0};
  /// Most items of a class looked at before the next class has its turn; 0: all.
  std::atomic<uint32_t> sweep_items{0};

  /// When pages go from class to class: 0: on command, and to a class that has no page to evict
  /// from; 1: by need, in measure; 2: by need, at once.
  std::atomic<uint32_t> automove{1};
  /// A page moves when its worth here is below this part of its worth there.
  std::atomic<double> automove_ratio{0.8};
};

}  // namespace ember::storage
