// SPDX-License-Identifier: BSD-3-Clause
// Durable: a Persist that may be absent. Code that writes to a region says when a store has to be
// durable; where nothing has to be flushed, that costs a branch.
//
// Ownership: refers to a region's Persist, which has to outlive it. Copied freely.
// Threads: any, as Persist.
#pragma once

#include <cstddef>

#include "base/check.h"
#include "storage/region/persist.h"

namespace ember::storage {

class Durable {
 public:
  Durable() = default;
  explicit Durable(Persist* persist) : persist_(persist) {}

  /// Returns whether anything has to be flushed; if not, all calls do nothing.
  bool needed() const { return persist_ != nullptr; }

  /// Starts writing `size` bytes at `place` back (Persist::flush).
  void flush(const void* place, size_t size) const {
    debug_check(place != nullptr || size == 0, "what becomes durable has a place");
    if (persist_ != nullptr) {
      persist_->flush({static_cast<const std::byte*>(place), size});
    }
  }
  /// Waits until all that this thread flushed before is durable (Persist::fence).
  void fence() const {
    if (persist_ != nullptr) {
      persist_->fence();
    }
  }
  /// Flushes and waits: the bytes are durable on return.
  void persist(const void* place, size_t size) const {
    flush(place, size);
    fence();
  }

 private:
  Persist* persist_ = nullptr;
};

}  // namespace ember::storage
