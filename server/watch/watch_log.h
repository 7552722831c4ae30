// SPDX-License-Identifier: BSD-3-Clause
// WatchLog: where one thread puts the events that watchers may ask for. Not the watchers: the hub
// (watch_hub.h) drains the logs and feeds them.
//
// Threads: report() and watched() on the log's own thread; watch() and follow() on any, one at a
// time each (a lock sees to that); the ring's other end on the hub's; written() and dropped() on
// any.
// Cost: with no watcher, one load of a word that the thread touches with every command. report()
// never waits: when the ring is full, the event is dropped and counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/bytes.h"
#include "base/counter.h"
#include "base/mutex.h"
#include "server/watch/event_ring.h"
#include "server/watch/watch_event.h"

namespace ember::server {

class WatchLog {
 public:
  /// `gid` counts the events of all logs and outlives this one. `on_filling` is called, on the
  /// log's thread, by each report() that leaves the ring more than half full: the ring has to be
  /// drained soon.
  WatchLog(size_t ring_size, std::atomic<uint64_t>& gid, std::function<void()> on_filling);

  /// Returns whether any client watches one of `streams`.
  bool watched(WatchStream streams) const {
    return (watched_.load(std::memory_order_relaxed) & streams) != 0;
  }

  /// From now on these streams are watched, and no others.
  void watch(WatchStream streams) EMBER_EXCLUDES(mutex_);

  using Follower = std::function<void(WatchStream streams)>;
  /// Calls `follower` with the streams watched now, and again whenever they change, until another
  /// follower, or an empty one, takes its place. It runs under this log's lock: it must not wait,
  /// and must not call this log.
  void follow(Follower follower) EMBER_EXCLUDES(mutex_);

  /// Puts in an event; fills in its gid and its time. Requires: the caller has asked watched(), so
  /// that an event costs nothing while nobody wants it.
  void report(WatchEvent event, std::string_view text);

  EventRing& ring() { return ring_; }
  /// Events that the ring took, and those it had no room for.
  uint64_t written() const { return written_.get(); }
  uint64_t dropped() const { return dropped_.get(); }

 private:
  alignas(kCacheLineSize) std::atomic<WatchStream> watched_{0};
  Counter written_;
  Counter dropped_;
  std::atomic<uint64_t>& gid_;
  const std::function<void()> on_filling_;
  EventRing ring_;
  Mutex mutex_;
  Follower follower_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::server
