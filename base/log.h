// SPDX-License-Identifier: BSD-3-Clause
// log: one line an event, to standard error, readable by a person and by journald.
// Every message says the cause and, where there is one, the remedy.
// Threads: any; a line is written with one write(2) and never interleaves with another.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace ember::log {

enum class Level { error, warning, info, debug, trace };

/// Lines above `level` are dropped. Default: info. `-v` means debug, `-vv` trace.
void set_level(Level level);
bool enabled(Level level);

/// Writes one line. Control characters in `message` are escaped.
void write(Level level, std::string_view message);

template <typename... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::warning)) {
    write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::info)) {
    write(Level::info, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::debug)) {
    write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
  }
}

}  // namespace ember::log
