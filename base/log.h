// SPDX-License-Identifier: BSD-3-Clause
// log: one line an event, to standard error, readable by a person, by journald and by programs:
//
//     ember: warning: cannot accept a connection cause="Too many open files" remedy="raise ..."
//
// The level, a sentence that is the same every time, and what changes as name=value at its end.
// Every message says the cause and, where there is one, the remedy. Where standard error is the
// journal (JOURNAL_STREAM), lines begin with the priority it knows, <3> to <7>.
//
// A kind of message (one format string) is limited to LogLimiter::kLines in a while, but for debug
// and trace: those were asked for. What was left out is told when the while is over.
// Threads: any; a line is written with one write(2) and never interleaves with another.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ember::log {

enum class Level : uint8_t { error, warning, info, debug, trace };

/// Lines above `level` are dropped. Default: info. `-v` means debug, `-vv` trace.
void set_level(Level level);
bool enabled(Level level);

/// Writes one line, whatever its kind. Control characters in `message` are escaped.
void write(Level level, std::string_view message);

/// Returns whether one more line of this kind, a text that lies where it is for good, may be
/// written. Writes how many were left out before.
bool admit(std::string_view kind);

/// Writes how many lines were left out, once their window is over: for a thread that runs now and
/// then.
void report_left_out();

/// `text` as the value of a name=value pair: in quotes if it has blanks, quotes, "=" or nothing.
std::string value(std::string_view text);

template <typename... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  const fmt::string_view kind = text;
  if (admit({kind.data(), kind.size()})) {
    write(Level::error, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  const fmt::string_view kind = text;
  if (enabled(Level::warning) && admit({kind.data(), kind.size()})) {
    write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  const fmt::string_view kind = text;
  if (enabled(Level::info) && admit({kind.data(), kind.size()})) {
    write(Level::info, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::debug)) {
    write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void trace(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::trace)) {
    write(Level::trace, fmt::format(text, std::forward<Args>(args)...));
  }
}

}  // namespace ember::log
