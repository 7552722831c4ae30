// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_hub.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "server/watch/watch_line.h"

namespace ember::server {
namespace {

// While a client watches, the thread looks at the rings this often; sooner when one is half full.
// Naps grow while the rings are empty.
constexpr int kShortestNapMs = 1;
constexpr int kLongestNapMs = 20;
constexpr int kForever = -1;

/// Events of one ring in a row, so that other rings and requests have their turn.
constexpr size_t kBatch = 256;

/// Lines wait for more lines until they are this many bytes, or this old.
constexpr size_t kBlockSize = 32 * kKiB;
constexpr std::chrono::milliseconds kMaxDelay{1};

/// A watcher's text has room for the longest line.
constexpr size_t kLeastText = 4 * kKiB;

}  // namespace

bool WatchText::add(std::string_view line) {
  if (skipped_ != 0 || limit_ - text_.size() < line.size()) {
    ++skipped_;
    return false;
  }
  if (text_.capacity() - text_.size() < line.size()) {
    // Not left to the string, which would double it beyond the limit.
    text_.reserve(std::min(limit_, std::max(2 * text_.capacity(), text_.size() + line.size())));
  }
  text_ += line;
  return true;
}

std::string WatchText::take() {
  debug_check(text_.size() <= limit_, "lines stay within their bound");
  if (skipped_ != 0) {
    text_ += fmt::format("skipped={}\n", std::exchange(skipped_, 0));
  }
  return std::exchange(text_, {});
}

WatchLog& WatchHub::add_log() {
  check(!thread_.joinable(), "logs are added before the hub's thread looks at them");
  logs_.push_back(std::make_unique<WatchLog>(options_.ring_size, gid_, [this] { wake_->raise(); }));
  return *logs_.back();
}

Result<void> WatchHub::start() {
  check(!thread_.joinable(), "a hub is started once");
  auto wake = net::WakeEvent::open();
  if (!wake) {
    return fail(wake.error().message);
  }
  wake_ = std::move(*wake);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

void WatchHub::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake_->raise();
    thread_.join();
  }
}

void WatchHub::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "ember-watch");
  own_thread_.assume();
  using std::chrono::steady_clock;
  int nap_ms = kShortestNapMs;
  auto due = steady_clock::now();
  while (!stop.stop_requested()) {
    if (share_out()) {
      nap_ms = kShortestNapMs;
      // A delivery is work for a worker: few deliveries, however many lines there are.
      const auto now = steady_clock::now();
      deliver(now < due ? kBlockSize : 1);
      due = now < due ? due : now + kMaxDelay;
      continue;
    }
    deliver(1);
    sleep(watchers_.empty() ? kForever : nap_ms);
    nap_ms = std::min(2 * nap_ms, kLongestNapMs);
  }
}

void WatchHub::sleep(int timeout_ms) {
  pollfd descriptor{.fd = wake_->fd(), .events = POLLIN, .revents = 0};
  if (::poll(&descriptor, 1, timeout_ms) == 1) {
    uint64_t count = 0;
    // Readable, so it does not wait.
    (void)!::read(wake_->fd(), &count, sizeof(count));
    wake_->seen();
  }
}

/// Looks once at every ring. Returns whether any had an event.
bool WatchHub::share_out() {
  // Watchers that have asked by now get what is in the rings by now: so first the marks, then the
  // requests, then the events up to the marks.
  std::vector<uint64_t> produced;
  produced.reserve(logs_.size());
  for (const auto& log : logs_) {
    produced.push_back(log->ring().produced());
  }
  apply_requests();
  bool some = false;
  for (size_t i = 0; i < logs_.size(); ++i) {
    some |= logs_[i]->ring().drain(produced[i], kBatch,
                                   [this](const WatchEvent& event, std::string_view text) {
                                     own_thread_.assume();
                                     share(event, text);
                                   }) != 0;
  }
  return some;
}

void WatchHub::apply_requests() {
  std::vector<Request> requests;
  {
    MutexLock lock(mutex_);
    std::swap(requests, requests_);
  }
  for (const Request& request : requests) {
    apply(request);
  }
}

void WatchHub::apply(const Request& request) {
  const auto there = std::ranges::find(watchers_, request.id, &Watcher::id);
  switch (request.kind) {
    case Request::Kind::join:
      check(there == watchers_.end() && request.outlet != nullptr, "a watcher joins once");
      watchers_.push_back({.id = request.id,
                           .streams = request.streams,
                           .outlet = request.outlet,
                           .text = WatchText(std::max(options_.watcher_size, kLeastText))});
      break;
    case Request::Kind::reported:
      if (there != watchers_.end()) {
        there->busy = false;
      }
      break;
    case Request::Kind::leave:
      if (there != watchers_.end()) {
        watchers_.erase(there);
      }
      break;
  }
}

void WatchHub::share(const WatchEvent& event, std::string_view text) {
  line_.clear();
  for (Watcher& watcher : watchers_) {
    if ((watcher.streams & stream_of(event.kind)) == 0) {
      continue;
    }
    if (line_.empty()) {
      append_watch_line(event, text, line_);
    }
    auto& count = watcher.text.add(line_) ? sent_ : skipped_;
    count.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Gives each watcher that waits for lines those there are for it, if they are `least` bytes.
void WatchHub::deliver(size_t least) {
  for (Watcher& watcher : watchers_) {
    if (!watcher.busy && watcher.text.size() >= least) {
      debug_check(least > 0, "no delivery is empty");
      watcher.busy = true;
      watcher.outlet->deliver(watcher.id, watcher.text.take());
    }
  }
}

void WatchHub::set_streams() {
  WatchStream streams = 0;
  for (const Admitted& watcher : admitted_) {
    streams |= watcher.streams;
  }
  for (const auto& log : logs_) {
    log->watch(streams);
  }
}

uint64_t WatchHub::admit(WatchOutlet& outlet, WatchStream streams) {
  check(streams != 0, "a watcher watches something");
  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    if (admitted_.size() >= kMostWatchers) {
      return 0;
    }
    id = ++last_id_;
    admitted_.push_back({.id = id, .streams = streams});
    requests_.push_back(
        {.kind = Request::Kind::join, .id = id, .streams = streams, .outlet = &outlet});
    set_streams();
  }
  wake_->raise();
  return id;
}

void WatchHub::reported(uint64_t watcher) {
  post({.kind = Request::Kind::reported, .id = watcher});
}

void WatchHub::leave(uint64_t watcher) { post({.kind = Request::Kind::leave, .id = watcher}); }

void WatchHub::post(const Request& request) {
  check(request.id != 0, "0 is no watcher");
  {
    MutexLock lock(mutex_);
    requests_.push_back(request);
    if (request.kind == Request::Kind::leave) {
      std::erase_if(admitted_, [&](const Admitted& one) { return one.id == request.id; });
      set_streams();
    }
  }
  wake_->raise();
}

WatchHub::Stats WatchHub::stats() const {
  Stats stats;
  for (const auto& log : logs_) {
    stats.worker_dropped += log->dropped();
    stats.worker_written += log->written();
  }
  stats.watcher_skipped = skipped_.load(std::memory_order_relaxed);
  stats.watcher_sent = sent_.load(std::memory_order_relaxed);
  MutexLock lock(mutex_);
  stats.watchers = admitted_.size();
  return stats;
}

}  // namespace ember::server
