// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_log.h"

#include <chrono>
#include <utility>

#include "base/check.h"

namespace ember::server {
namespace {

int64_t now_us() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

WatchLog::WatchLog(size_t ring_size, std::atomic<uint64_t>& gid, std::function<void()> on_filling)
    : gid_(gid), on_filling_(std::move(on_filling)), ring_(ring_size) {
  check(static_cast<bool>(on_filling_), "a log can call for its ring to be drained");
}

void WatchLog::watch(WatchStream streams) {
  MutexLock lock(mutex_);
  watched_.store(streams, std::memory_order_relaxed);
  if (follower_) {
    follower_(streams);
  }
}

void WatchLog::follow(Follower follower) {
  MutexLock lock(mutex_);
  follower_ = std::move(follower);
  if (follower_) {
    follower_(watched_.load(std::memory_order_relaxed));
  }
}

void WatchLog::report(WatchEvent event, std::string_view text) {
  debug_check(event.status != nullptr && event.word != nullptr, "an event's words are literals");
  event.gid = gid_.fetch_add(1, std::memory_order_relaxed) + 1;
  event.time_us = now_us();
  if (ring_.push(event, text)) {
    ++written_;
  } else {
    ++dropped_;
  }
  if (ring_.half_full()) {
    on_filling_();
  }
}

}  // namespace ember::server
