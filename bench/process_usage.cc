// SPDX-License-Identifier: BSD-3-Clause
#include "bench/process_usage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ember::bench {

Result<ProcessUsage> read_process_usage(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(file, text)) {
    return fail(fmt::format("cannot read /proc/{}/stat: is the server's process id right?", pid));
  }
  // The second field, a name in brackets, may hold blanks; numbers follow. proc(5).
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) {
    fields >> skipped;
  }
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  for (int field = 16; field < 24; ++field) {
    fields >> skipped;
  }
  uint64_t resident_pages = 0;
  fields >> resident_pages;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ProcessUsage{
      .user_seconds = user_ticks / ticks,
      .system_seconds = system_ticks / ticks,
      .resident_bytes = resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))};
}

}  // namespace ember::bench
