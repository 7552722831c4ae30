// SPDX-License-Identifier: BSD-3-Clause
// watch_line: what a watcher reads of an event: memcached's words and order of fields. And the
// names of the streams that `watch` takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/watch/watch_event.h"

namespace ember::server {

/// "fetchers", "mutations" ...; nothing when there is no such stream.
std::optional<WatchStream> stream_named(std::string_view name);

/// Appends the line, with its newline.
void append_watch_line(const WatchEvent& event, std::string_view text, std::string& to);

/// Appends `key` as in those lines: letters, digits and -._~ as they are, other bytes as %NN.
void append_uri_encoded(std::string_view key, std::string& to);

}  // namespace ember::server
