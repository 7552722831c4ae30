// SPDX-License-Identifier: BSD-3-Clause
// watch_line: the line of text that a watcher gets for an event, in memcached's words and order of
// fields; and the names of the streams that `watch` takes. Not who gets it.
//
// Threads: any. Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/watch/watch_event.h"

namespace ember::server {

/// Returns the stream that is called `name` ("fetchers", "mutations" ...), if there is one.
std::optional<WatchStream> stream_named(std::string_view name);

/// Appends the line, with its newline, to `to`. `text` is the event's: its key or its address.
void append_watch_line(const WatchEvent& event, std::string_view text, std::string& to);

/// Appends `key` as those lines have it: letters, digits and -._~ as they are, other bytes as %NN.
void append_uri_encoded(std::string_view key, std::string& to);

}  // namespace ember::server
