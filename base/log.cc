// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <string>

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

}  // namespace

void set_level(Level level) { current_level.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level <= current_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message) {
  if (!enabled(level)) {
    return;
  }
  std::string line = fmt::format("ember: {}: ", kNames[static_cast<size_t>(level)]);
  append_escaped(line, message);
  line.push_back('\n');
  // A log that cannot be written has nobody left to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace ember::log
