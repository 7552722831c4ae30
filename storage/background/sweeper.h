// SPDX-License-Identifier: BSD-3-Clause
// Sweeper: looks for expired items in the background, page by page and class by class; and for all
// items of some classes when a crawl was asked for.
//
// Threads: crawl() and add_to() any; sweep_some() the janitor.
// Cost: a round sweeps a few pages, some hundred microseconds, each under its class's mutex.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/core/store_stats.h"
#include "storage/evict/evictor.h"

namespace ember::storage {

class Sweeper {
 public:
  Sweeper(StoreCore& core, Evictor& evictor);

  /// Has sweep_some() look at every item of these classes. Returns false while it is at the last
  /// such request.
  bool crawl(const ClassSet& classes) EMBER_EXCLUDES(crawl_mutex_);

  /// Sweeps the next pages, unless StoreTuning has it rest. Returns true if there is more to do.
  bool sweep_some(ThreadState& thread) EMBER_REQUIRES(kJanitor) EMBER_EXCLUDES(crawl_mutex_);

  /// Fills in the crawls.
  void add_to(StoreStats& stats) const;

 private:
  bool resting() EMBER_REQUIRES(kJanitor);
  uint64_t sweep_page(ThreadState& thread, SlabClass& size_class, uint32_t page)
      EMBER_REQUIRES(kJanitor, size_class.mutex);
  bool sweep_classes(ThreadState& thread) EMBER_REQUIRES(kJanitor);
  bool crawl_some(ThreadState& thread) EMBER_REQUIRES(kJanitor) EMBER_EXCLUDES(crawl_mutex_);

  StoreCore& core_;
  Evictor& evictor_;
  size_t sweep_class_ EMBER_GUARDED_BY(kJanitor) = 1;
  std::vector<size_t> sweep_ordinals_
      EMBER_GUARDED_BY(kJanitor);                          // by class: the page to go on with
  uint64_t sweep_checked_ EMBER_GUARDED_BY(kJanitor) = 0;  // items of the class whose turn it is
  uint64_t rest_due_us_ EMBER_GUARDED_BY(kJanitor) = 0;
  std::chrono::steady_clock::time_point rest_until_ EMBER_GUARDED_BY(kJanitor);
  size_t crawl_class_ EMBER_GUARDED_BY(kJanitor) = 0;
  size_t crawl_ordinal_ EMBER_GUARDED_BY(kJanitor) = 0;
  uint64_t crawl_checked_ EMBER_GUARDED_BY(kJanitor) = 0;

  Mutex crawl_mutex_;                                      // taken before a class's
  ClassSet crawl_classes_ EMBER_GUARDED_BY(crawl_mutex_);  // still to be gone through
  std::atomic<bool> crawling_{false};
  std::atomic<uint64_t> crawls_{0};
};

}  // namespace ember::storage
