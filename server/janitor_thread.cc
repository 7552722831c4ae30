// SPDX-License-Identifier: BSD-3-Clause
#include "server/janitor_thread.h"

#include <pthread.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace ember::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Naps grow while there is nothing to do. The longest also bounds how late the clock is.
constexpr milliseconds kShortestNap{1};
constexpr milliseconds kLongestNap{100};
constexpr milliseconds kTick{100};

}  // namespace

JanitorThread::JanitorThread(Clock& clock, storage::Store& store, storage::StoreObserver& observer)
    : clock_(clock),
      store_(store),
      observer_(observer),
      nap_(kShortestNap),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

JanitorThread::~JanitorThread() {
  thread_.request_stop();
  thread_.join();
}

void JanitorThread::run(const std::stop_token& stop) {
  janitor_.assume();
  ::pthread_setname_np(::pthread_self(), "ember-janitor");
  check(store_thread_ == nullptr, "the janitor runs once");
  store_thread_ = store_.register_thread();
  store_thread_->observe(observer_);
  while (!stop.stop_requested()) {
    clock_.tick();
    nap_ = work(stop) ? kShortestNap : std::min(nap_ * 2, kLongestNap);
    store_thread_->offline();
    log::report_left_out();
    nap(stop);
    store_thread_->online();
  }
  store_thread_.reset();
}

/// Works until the clock is to tick, or there is nothing to do. Returns whether there was
/// something.
bool JanitorThread::work(const std::stop_token& stop) {
  const auto tick_due = steady_clock::now() + kTick;
  bool worked = false;
  while (!stop.stop_requested() && steady_clock::now() < tick_due &&
         store_.maintain(*store_thread_)) {
    worked = true;
    store_thread_->quiesce();
  }
  return worked;
}

void JanitorThread::nap(const std::stop_token& stop) {
  check(nap_ >= kShortestNap && nap_ <= kLongestNap, "a nap is as long as it may be");
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, nap_, [] { return false; });
}

}  // namespace ember::server
