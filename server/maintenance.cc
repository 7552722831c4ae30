// SPDX-License-Identifier: BSD-3-Clause
#include "server/maintenance.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "storage/core/store_thread.h"

namespace ember::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Naps grow while there is nothing to do. The longest also bounds how late the clock is.
constexpr milliseconds kShortestNap{1};
constexpr milliseconds kLongestNap{100};
constexpr milliseconds kTick{100};

}  // namespace

Maintenance::Maintenance(Clock& clock, storage::Store& store, storage::StoreObserver& observer)
    : clock_(clock),
      store_(store),
      observer_(observer),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Maintenance::~Maintenance() {
  thread_.request_stop();
  thread_.join();
}

void Maintenance::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "ember-maintain");
  const auto store_thread = store_.register_thread();
  store_thread->observe(observer_);
  milliseconds nap = kShortestNap;
  while (!stop.stop_requested()) {
    clock_.tick();
    const auto tick_due = steady_clock::now() + kTick;
    bool worked = false;
    while (!stop.stop_requested() && steady_clock::now() < tick_due &&
           store_.maintain(*store_thread)) {
      worked = true;
      store_thread->quiesce();
    }
    nap = worked ? kShortestNap : std::min(nap * 2, kLongestNap);
    store_thread->offline();
    log::tell_left_out();
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, nap, [] { return false; });
    }
    store_thread->online();
  }
}

}  // namespace ember::server
