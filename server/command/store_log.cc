// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/store_log.h"

#include <chrono>

#include "base/check.h"

namespace ember::server::command {
namespace {

int64_t unix_seconds() {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  return duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

StoreLog::StoreLog(WatchLog& log) : log_(log) {
  log_.follow([this](WatchStream streams) { arm((streams & (kEvictions | kSystemEvents)) != 0); });
}

StoreLog::~StoreLog() { log_.follow({}); }

void StoreLog::on_eviction(const Eviction& eviction) {
  if (!log_.watched(kEvictions)) {
    return;
  }
  debug_check(eviction.class_id != 0, "items of class 0 do not exist");
  const storage::Item& item = eviction.item;
  WatchEvent event;
  event.kind = EventKind::eviction;
  event.fetched = eviction.fetched;
  event.class_id = eviction.class_id;
  event.idle_seconds = eviction.seconds_since_access;
  event.size = item.value_size();
  event.ttl = item.exptime() == 0 ? -1 : int64_t{item.exptime()} - unix_seconds();
  log_.report(event, item.key());
}

void StoreLog::on_page_move(uint8_t from, uint8_t to) {
  if (!log_.watched(kSystemEvents)) {
    return;
  }
  debug_check(from != to, "a page moves to another class");
  WatchEvent event;
  event.kind = EventKind::slab_move;
  event.class_id = from;
  event.other_class_id = to;
  log_.report(event, {});
}

}  // namespace ember::server::command
