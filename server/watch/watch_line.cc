// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_line.h"

#include <fmt/format.h>

#include <iterator>

#include "base/check.h"

namespace ember::server {
namespace {

constexpr int64_t kMicroseconds = 1'000'000;

struct StreamName {
  std::string_view name;
  WatchStream stream;
};

constexpr StreamName kStreamNames[] = {
    {"fetchers", kFetchers},           {"mutations", kMutations},     {"evictions", kEvictions},
    {"connevents", kConnectionEvents}, {"deletions", kDeletions},     {"sysevents", kSystemEvents},
    {"rawcmds", kRawCommands},         {"proxyreqs", kProxyRequests}, {"proxyevents", kProxyEvents},
    {"proxyuser", kProxyUser},
};

constexpr bool is_plain(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

template <typename... Args>
void append(std::string& to, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(to), text, std::forward<Args>(args)...);
}

void append_fields(const WatchEvent& event, std::string_view text, std::string& to) {
  switch (event.kind) {
    case EventKind::item_get:
      append(to, " status={} clsid={} cfd={} size={}", event.status, event.class_id,
             event.connection, event.size);
      break;
    case EventKind::item_store:
      append(to, " status={} cmd={} ttl={} clsid={} cfd={} size={}", event.status, event.word,
             event.ttl, event.class_id, event.connection, event.size);
      break;
    case EventKind::eviction:
      append(to, " fetch={} ttl={} la={} clsid={} size={}", event.fetched ? "yes" : "no", event.ttl,
             event.idle_seconds, event.class_id, event.size);
      break;
    case EventKind::deleted:
      append(to, " cmd={} clsid={} size={}", event.word, event.class_id, event.size);
      break;
    case EventKind::conn_new:
      append(to, " rip={} rport={} transport={} cfd={}", text, event.port, event.word,
             event.connection);
      break;
    case EventKind::conn_close:
      append(to, " rip={} rport={} transport={} reason={} cfd={}", text, event.port, event.word,
             event.status, event.connection);
      break;
    case EventKind::slab_move:
      append(to, " src={} dst={}", event.class_id, event.other_class_id);
      break;
    case EventKind::raw_command:
      append(to, " cmd={} cfd={} size={}", event.word, event.connection, event.size);
      break;
  }
}

std::string_view name_of(EventKind kind) {
  constexpr std::string_view kNames[] = {"item_get", "item_store", "eviction",  "deleted",
                                         "conn_new", "conn_close", "slab_move", "rawcmd"};
  return kNames[static_cast<size_t>(kind)];
}

constexpr bool has_key(EventKind kind) {
  return kind <= EventKind::deleted || kind == EventKind::raw_command;
}

}  // namespace

std::optional<WatchStream> stream_named(std::string_view name) {
  for (const StreamName& entry : kStreamNames) {
    if (entry.name == name) {
      return entry.stream;
    }
  }
  return std::nullopt;
}

void append_uri_encoded(std::string_view key, std::string& to) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char byte : key) {
    if (is_plain(byte)) {
      to += byte;
    } else {
      const auto value = static_cast<unsigned char>(byte);
      to += '%';
      to += kDigits[value >> 4];
      to += kDigits[value & 15];
    }
  }
}

void append_watch_line(const WatchEvent& event, std::string_view text, std::string& to) {
  check(event.status != nullptr && event.word != nullptr, "an event's words are literals");
  // memcached writes the microseconds without their leading zeros, so that they read wrongly as a
  // fraction; with them, both ways of reading are right.
  append(to, "ts={}.{:06} gid={} type={}", event.time_us / kMicroseconds,
         event.time_us % kMicroseconds, event.gid, name_of(event.kind));
  if (has_key(event.kind)) {
    to += " key=";
    append_uri_encoded(text, to);
  }
  append_fields(event, text, to);
  to += '\n';
}

}  // namespace ember::server
