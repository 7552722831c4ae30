// SPDX-License-Identifier: BSD-3-Clause
// Ring: an io_uring with the switches that this system allows, and the question whether it allows
// one at all.
// Threads: submitted to by the thread that opened it only.
#pragma once

#include <liburing.h>

#include "base/check.h"
#include "base/result.h"

namespace ember::server::net {

/// Closed with its owner.
class Ring {
 public:
  Ring() = default;
  ~Ring() {
    if (open_) {
      io_uring_queue_exit(&ring_);
    }
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// An Error says why io_uring is refused and what helps.
  Result<void> open();
  /// Requires: open() succeeded.
  io_uring& get() {
    debug_check(open_, "a ring is opened before it is used");
    return ring_;
  }

 private:
  io_uring ring_{};
  bool open_ = false;
};

/// Whether io_uring, as it is used here, works on this system; an Error says why not and what
/// helps. It is tried, not guessed from versions.
Result<void> probe_uring();

}  // namespace ember::server::net
