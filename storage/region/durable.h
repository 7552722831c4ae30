// SPDX-License-Identifier: BSD-3-Clause
// Durable: a Persist that may be absent. What is written to a region says when it has to be
// durable; where nothing has to be flushed, it costs a branch.
// Threads: any.
#pragma once

#include <cstddef>

#include "storage/region/memory_region.h"

namespace ember::storage {

class Durable {
 public:
  Durable() = default;
  explicit Durable(Persist* persist) : persist_(persist) {}

  bool needed() const { return persist_ != nullptr; }

  void flush(const void* place, size_t size) const {
    if (persist_ != nullptr) {
      persist_->flush({static_cast<const std::byte*>(place), size});
    }
  }
  void fence() const {
    if (persist_ != nullptr) {
      persist_->fence();
    }
  }
  /// Durable on return.
  void persist(const void* place, size_t size) const {
    flush(place, size);
    fence();
  }

 private:
  Persist* persist_ = nullptr;
};

}  // namespace ember::storage
