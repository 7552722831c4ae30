// SPDX-License-Identifier: BSD-3-Clause
// Maintenance: the thread that keeps the clock and looks after the store.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "storage/core/store_observer.h"
#include "storage/store.h"

namespace ember::server {

class Maintenance {
 public:
  /// All outlive it. `observer` is told what the store does by itself.
  Maintenance(Clock& clock, storage::Store& store, storage::StoreObserver& observer);
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

 private:
  void run(const std::stop_token& stop);

  Clock& clock_;
  storage::Store& store_;
  storage::StoreObserver& observer_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace ember::server
