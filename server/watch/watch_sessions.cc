// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_sessions.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "protocol/line_writer.h"
#include "server/watch/watch_line.h"

namespace ember::server {
namespace {

using protocol::Next;

/// The streams that `words` name; fetchers, as in memcached, when they name none. Nothing when one
/// is unknown.
std::optional<WatchStream> streams_of(std::string_view words) {
  WatchStream streams = 0;
  for (size_t at = words.find_first_not_of(' '); at != std::string_view::npos;
       at = words.find_first_not_of(' ', at)) {
    const size_t end = std::min(words.find(' ', at), words.size());
    const auto stream = stream_named(words.substr(at, end - at));
    if (!stream) {
      return std::nullopt;
    }
    streams |= *stream;
    at = end;
  }
  return streams == 0 ? kFetchers : streams;
}

}  // namespace

Next WatchSessions::start(protocol::Client& client, std::string_view words,
                          protocol::ReplyBuffer& reply) {
  const std::optional<WatchStream> streams = streams_of(words);
  if (!streams) {
    // noreply is no stream, and hides that.
    if (words != "noreply" && !words.ends_with(" noreply")) {
      append_line(reply, "ERROR");
    }
    return Next::ready;
  }
  if (!client.can_listen()) {
    append_line(reply, "WATCHER_FAILED failed to add log watcher");
    return Next::ready;
  }
  const uint64_t id = service_.admit(outlet_, *streams);
  if (id == 0) {
    append_line(reply, "WATCHER_TOO_MANY log watcher limit reached");
    return Next::ready;
  }
  watchers_.push_back({.client = &client, .id = id});
  append_line(reply, "OK");
  return Next::listen;
}

std::vector<WatchSessions::Watcher>::iterator WatchSessions::find(const protocol::Client& client) {
  return std::ranges::find(watchers_, &client, &Watcher::client);
}

void WatchSessions::report(uint64_t watcher, std::string_view lines) {
  check(watcher != 0, "0 is no watcher");
  const auto there = std::ranges::find(watchers_, watcher, &Watcher::id);
  if (there != watchers_.end()) {
    debug_check(!there->unsent, "the service delivers again only after reported()");
    there->unsent = true;
    there->client->report(lines);
  }
}

void WatchSessions::reported(const protocol::Client& client) {
  // The service does not wait for the answer to `watch` itself.
  if (const auto there = find(client); there != watchers_.end() && there->unsent) {
    there->unsent = false;
    service_.reported(there->id);
  }
}

void WatchSessions::forget(const protocol::Client& client) {
  if (const auto there = find(client); there != watchers_.end()) {
    service_.leave(there->id);
    watchers_.erase(there);
  }
}

}  // namespace ember::server
