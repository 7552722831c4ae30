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
};

}  // namespace ember::storage
