// SPDX-License-Identifier: BSD-3-Clause
// JanitorThread: the thread on which the store's janitor works and the server's clock ticks. Not
// the janitor's work: that is Store::maintain().
//
// Threads: made and destroyed by one; the rest is its own thread's.
// Ownership: owns the thread; refers to clock, store and observer, which outlive it.
// Cost: while there is nothing to do, it wakes ten times a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "storage/core/store_observer.h"
#include "storage/core/store_thread.h"
#include "storage/store.h"

namespace ember::server {

class JanitorThread {
 public:
  /// Starts the thread. `observer` is told, on it, what the store does by itself.
  JanitorThread(Clock& clock, storage::Store& store, storage::StoreObserver& observer);
  /// Ends the thread after the step it is at.
  ~JanitorThread();
  JanitorThread(const JanitorThread&) = delete;
  JanitorThread& operator=(const JanitorThread&) = delete;

 private:
  void run(const std::stop_token& stop);
  bool work(const std::stop_token& stop) EMBER_REQUIRES(janitor_);
  void nap(const std::stop_token& stop) EMBER_REQUIRES(janitor_);

  Role janitor_;
  Clock& clock_;
  storage::Store& store_;
  storage::StoreObserver& observer_;
  std::unique_ptr<storage::StoreThread> store_thread_ EMBER_GUARDED_BY(janitor_);
  std::chrono::milliseconds nap_ EMBER_GUARDED_BY(janitor_);
  std::mutex mutex_;  // of wake_, which only a stop wakes
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace ember::server
