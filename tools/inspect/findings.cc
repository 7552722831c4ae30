// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/findings.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/check.h"

namespace ember::inspect {

using storage::SuperblockRecord;

std::string Findings::next_start() const {
  if (user) {
    return *user > 0 ? fmt::format("none while process {} has it", *user)
                     : "none while a process of another container has it";
  }
  if (!header.takeover.warm) {
    return "empty: " + header.takeover.reason;
  }
  return state.fits ? "warm, by the state file"
                    : fmt::format("warm, by a scan; not by a state file: {}", state.reason);
}

std::vector<std::string> Findings::problems() const {
  std::vector<std::string> all = header.problems;
  if (state.damaged) {
    all.push_back("the state file cannot be used: " + state.reason);
  }
  all.insert(all.end(), scan.problems.begin(), scan.problems.end());
  check(all.size() <= problem_count(), "every problem that is told is counted");
  return all;
}

uint64_t Findings::problem_count() const {
  return header.problems.size() + (state.damaged ? 1 : 0) + scan.problem_count;
}

std::string_view name_of(Header::Copy copy) {
  switch (copy) {
    case Header::Copy::sound:
      return "sound";
    case Header::Copy::blank:
      return "blank";
    case Header::Copy::newer:
      return "of a newer format";
    case Header::Copy::damaged:
      break;
  }
  return "damaged";
}

std::string_view state_of(const SuperblockRecord& record) {
  switch (record.state) {
    case SuperblockRecord::running:
      return "running";
    case SuperblockRecord::stopped:
      return "stopped";
    default:
      return "unknown";
  }
}

std::string_view media_of(const SuperblockRecord& record) {
  switch (record.media) {
    case SuperblockRecord::page_cache:
      return "page-cache";
    case SuperblockRecord::flushed:
      return "dax";
    default:
      return "unknown";
  }
}

std::string key_text(std::string_view key) {
  std::string text;
  for (const char byte : key) {
    if (byte > ' ' && byte <= '~' && byte != '\\') {
      text += byte;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

std::string time_text(UnixSeconds time) {
  return time == 0 ? "never"
                   : fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time_t{time}));
}

}  // namespace ember::inspect
