// SPDX-License-Identifier: BSD-3-Clause
// Resizer: the store's memory limit, changed while it runs. Pages are added at once; they are taken
// away as the janitor empties them.
//
// Threads: resize() any, one at a time inside; shrink_some() the janitor.
#pragma once

#include <cstddef>

#include "base/mutex.h"
#include "base/result.h"
#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/evict/page_balancer.h"
#include "storage/evict/page_mover.h"

namespace ember::storage {

class Resizer {
 public:
  Resizer(StoreCore& core, PageMover& mover, PageBalancer& balancer)
      : core_(core), mover_(mover), balancer_(balancer) {}

  /// Sets another limit, in bytes. Growing is done when this returns. Shrinking takes free pages at
  /// once; the others go as the janitor empties them and their last readers leave.
  /// Errors: no addresses, no memory, no room on the volume; the limit stays then.
  Result<void> resize(size_t limit) EMBER_EXCLUDES(mutex_);

  /// Begins to empty one page, if there are more than the limit allows. Returns true if there is
  /// more to do.
  bool shrink_some(ThreadState& thread) EMBER_REQUIRES(kJanitor);

 private:
  Result<void> grow(size_t pages) EMBER_REQUIRES(mutex_);
  bool drain_empty_page(ThreadState& thread);

  StoreCore& core_;
  PageMover& mover_;
  PageBalancer& balancer_;
  Mutex mutex_;  // one change of the limit at a time; before any other
};

}  // namespace ember::storage
