// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <string>

#include "base/check.h"
#include "base/log_limiter.h"

namespace ember::log {
namespace {

std::atomic<Level> current_level{Level::info};

constexpr std::array<std::string_view, 5> kNames = {"error", "warning", "info", "debug", "trace"};

void append_escaped(std::string& line, std::string_view message) {
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", byte);
    } else {
      line.push_back(c);
    }
  }
}

/// Of all lines of this process: there is one standard error.
LogLimiter& limiter() {
  static LogLimiter of_all;
  return of_all;
}

uint64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// systemd names the device and inode of the journal's stream; standard error may lead elsewhere by
/// now (-d, a shell's 2>). Asked at every line: lines are few.
bool goes_to_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

/// As syslog numbers them: err, warning, info, debug.
constexpr std::array<int, 5> kPriorities = {3, 4, 6, 7, 7};

void write_left_out(std::string_view kind, uint64_t left_out) {
  write(Level::warning, fmt::format("more lines of a kind than are written kind={} left_out={}",
                                    value(kind), left_out));
}

}  // namespace

void set_level(Level level) { current_level.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level <= current_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message) {
  if (!enabled(level)) {
    return;
  }
  const auto number = static_cast<size_t>(level);
  static_assert(kNames.size() == kPriorities.size());
  check(number < kNames.size(), "a level has a name");
  std::string line = goes_to_journal()
                         ? fmt::format("<{}>{}: ", kPriorities[number], kNames[number])
                         : fmt::format("ember: {}: ", kNames[number]);
  append_escaped(line, message);
  debug_check(line.find('\n') == std::string::npos, "a message is one line");
  line.push_back('\n');
  // A log that cannot be written has nobody left to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

bool admit(std::string_view kind) {
  const uint64_t now = now_ms();
  limiter().report_left_out(now, write_left_out);
  return limiter().admit(kind, now);
}

void report_left_out() { limiter().report_left_out(now_ms(), write_left_out); }

std::string value(std::string_view text) {
  if (!text.empty() && text.find_first_of(" \"=") == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace ember::log
