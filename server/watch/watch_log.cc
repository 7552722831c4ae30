// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_log.h"

#include <chrono>
#include <utility>

namespace ember::server {
namespace {

int64_t now_us() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

WatchLog::WatchLog(size_t ring_size, std::atomic<uint64_t>& gid, std::function<void()> on_filling)
    : gid_(gid), on_filling_(std::move(on_filling)), ring_(ring_size) {}

void WatchLog::watch(uint32_t streams) {
  watched_.store(streams, std::memory_order_relaxed);
  arm((streams & (kEvictions | kSystemEvents)) != 0);
}

void WatchLog::tell(WatchEvent event, std::string_view text) {
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

void WatchLog::on_eviction(const Eviction& eviction) {
  if (!watched(kEvictions)) {
    return;
  }
  const storage::Item& item = eviction.item;
  WatchEvent event;
  event.kind = EventKind::eviction;
  event.fetched = eviction.fetched;
  event.class_id = eviction.class_id;
  event.idle_seconds = eviction.seconds_since_access;
  event.size = item.value_size();
  event.time_us = now_us();
  event.ttl = item.exptime() == 0 ? -1 : int64_t{item.exptime()} - event.time_us / 1'000'000;
  tell(event, item.key());
}

void WatchLog::on_page_move(uint8_t from, uint8_t to) {
  if (watched(kSystemEvents)) {
    WatchEvent event;
    event.kind = EventKind::slab_move;
    event.class_id = from;
    event.other_class_id = to;
    tell(event, {});
  }
}

}  // namespace ember::server
