// SPDX-License-Identifier: BSD-3-Clause
// WatchLog: where one thread puts what watchers may be told. Not the watchers: who drains the logs
// and feeds them is behind WatchService.
//
// Threads: the thread's own, but for watch(), the ring's other end and the counts. It never waits:
// when the ring is full, the event is dropped and counted.
// Cost: with no watcher, one load of a word that the thread touches with every command.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/counter.h"
#include "server/watch/event_ring.h"
#include "server/watch/watch_event.h"
#include "storage/store_observer.h"

namespace ember::server {

class WatchLog final : public storage::StoreObserver {
 public:
  /// `gid` counts the events of all logs. `on_filling` is called while the ring is more than half
  /// full: whoever drains it must come soon.
  WatchLog(size_t ring_size, std::atomic<uint64_t>& gid, std::function<void()> on_filling);

  /// Somebody watches one of `streams`.
  bool watched(uint32_t streams) const {
    return (watched_.load(std::memory_order_relaxed) & streams) != 0;
  }
  /// From now on these are watched, by anybody.
  void watch(uint32_t streams);

  /// Puts in an event, whose gid and time it fills in. The caller has asked watched().
  void tell(WatchEvent event, std::string_view text);

  void on_eviction(const Eviction& eviction) override;
  void on_page_move(uint8_t from, uint8_t to) override;

  EventRing& ring() { return ring_; }
  uint64_t written() const { return written_.get(); }
  uint64_t dropped() const { return dropped_.get(); }

 private:
  alignas(kCacheLineSize) std::atomic<uint32_t> watched_{0};
  Counter written_;
  Counter dropped_;
  std::atomic<uint64_t>& gid_;
  const std::function<void()> on_filling_;
  EventRing ring_;
};

}  // namespace ember::server
