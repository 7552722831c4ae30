// SPDX-License-Identifier: BSD-3-Clause
// MoveRequest: a page moved on command, whatever it is worth where: one at a time, carried out by
// the janitor step by step.
//
// Threads: ask() and running() any; carry_out() the janitor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/evict/page_balancer.h"

namespace ember::storage {

class MoveRequest {
 public:
  MoveRequest(StoreCore& core, PageBalancer& balancer) : core_(core), balancer_(balancer) {}

  /// Asks for a page of class `from` (0: a free one; -1: of the class with most pages) to go to
  /// class `to` (0: none). Returns ok, or why not.
  PageMove ask(int from, int to) EMBER_EXCLUDES(mutex_);

  /// A request is not carried out yet.
  bool running() const { return running_.load(std::memory_order_acquire); }

  /// Takes the next step of the request, if there is one.
  void carry_out(ThreadState& thread) EMBER_REQUIRES(kJanitor) EMBER_EXCLUDES(mutex_);

 private:
  struct Move {
    uint32_t page = 0;
    uint8_t from = 0;  // 0: a free page
    uint8_t to = 0;    // 0: free for every class
  };

  size_t page_count(SlabClass& size_class) const EMBER_EXCLUDES(size_class.mutex);
  uint8_t richest_class(uint8_t but) const;
  bool still_leaving() const EMBER_REQUIRES(kJanitor, mutex_);
  void begin(ThreadState& thread) EMBER_REQUIRES(kJanitor, mutex_);
  void finish() EMBER_REQUIRES(mutex_);

  StoreCore& core_;
  PageBalancer& balancer_;
  Mutex mutex_;  // before a class's
  Move move_ EMBER_GUARDED_BY(mutex_);
  bool begun_ EMBER_GUARDED_BY(mutex_) = false;  // the page was chosen
  std::atomic<bool> running_{false};
};

}  // namespace ember::storage
