// SPDX-License-Identifier: BSD-3-Clause
// WatchEvent: one thing that happened and that a watcher may ask for, as plain data: a worker
// writes it into a ring in a few nanoseconds. Not its line of text: the hub's thread makes that
// later (watch_line.h).
#pragma once

#include <cstdint>
#include <type_traits>

namespace ember::server {

/// A set of the streams that a watcher can ask for, one bit each.
using WatchStream = uint32_t;
inline constexpr WatchStream kFetchers = 1U << 0;
inline constexpr WatchStream kMutations = 1U << 1;
inline constexpr WatchStream kEvictions = 1U << 2;
inline constexpr WatchStream kConnectionEvents = 1U << 3;
inline constexpr WatchStream kDeletions = 1U << 4;
inline constexpr WatchStream kSystemEvents = 1U << 5;
inline constexpr WatchStream kRawCommands = 1U << 6;
// A proxy's: without a proxy they have no events.
inline constexpr WatchStream kProxyRequests = 1U << 7;
inline constexpr WatchStream kProxyEvents = 1U << 8;
inline constexpr WatchStream kProxyUser = 1U << 9;

enum class EventKind : uint8_t {
  item_get,
  item_store,
  eviction,
  deleted,
  conn_new,
  conn_close,
  slab_move,
  raw_command,
};

/// Which fields mean something depends on the kind: watch_line.cc says which it writes. A text, the
/// key or the peer's address, goes with the event.
struct WatchEvent {
  uint64_t gid = 0;     // counts the events of the whole server
  int64_t time_us = 0;  // since 1970
  int64_t ttl = 0;
  // Literals: the text is there for as long as the process.
  const char* status = "";  // found, stored ...; why a connection was closed
  const char* word = "";    // the command; the transport
  uint32_t size = 0;        // of the value
  int32_t connection = 0;
  uint32_t idle_seconds = 0;
  uint16_t port = 0;
  uint16_t text_size = 0;
  uint8_t class_id = 0;
  uint8_t other_class_id = 0;
  EventKind kind = EventKind::item_get;
  bool fetched = false;
};

static_assert(sizeof(WatchEvent) == 64 && std::is_trivially_copyable_v<WatchEvent>,
              "its bytes are copied into rings, one cache line each");

/// The stream an event belongs to.
constexpr WatchStream stream_of(EventKind kind) {
  switch (kind) {
    case EventKind::item_get:
      return kFetchers;
    case EventKind::item_store:
      return kMutations;
    case EventKind::eviction:
      return kEvictions;
    case EventKind::deleted:
      return kDeletions;
    case EventKind::conn_new:
    case EventKind::conn_close:
      return kConnectionEvents;
    case EventKind::slab_move:
      return kSystemEvents;
    case EventKind::raw_command:
      break;
  }
  return kRawCommands;
}

}  // namespace ember::server
