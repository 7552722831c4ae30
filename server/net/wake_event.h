// SPDX-License-Identifier: BSD-3-Clause
// WakeEvent: how other threads wake a loop: an eventfd that is written at most once until the loop
// has seen it.
#pragma once

#include <atomic>
#include <memory>

#include "base/fd.h"
#include "base/result.h"

namespace ember::server::net {

class WakeEvent {
 public:
  static Result<std::unique_ptr<WakeEvent>> open();

  explicit WakeEvent(Fd fd) : fd_(std::move(fd)) {}

  /// Readable once raise() was called. Blocking.
  int fd() const { return fd_.get(); }

  /// Any thread.
  void raise();

  /// The loop's thread, after it has read the descriptor and before it looks for what to do.
  void seen() { raised_.store(false, std::memory_order_seq_cst); }

 private:
  Fd fd_;
  std::atomic<bool> raised_{false};
};

}  // namespace ember::server::net
