// SPDX-License-Identifier: BSD-3-Clause
// Findings: all that is known of a memory file, and the words for it that both reports use.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/item/item.h"
#include "tools/inspect/header.h"
#include "tools/inspect/page_scan.h"
#include "tools/inspect/state_check.h"

namespace ember::inspect {

struct Findings {
  std::string path;
  uint64_t file_size = 0;
  bool dax = false;
  std::optional<pid_t> user;  // the process that has it
  UnixSeconds now = 0;
  Header header;
  StateCheck state;
  ScanResult scan;

  /// One sentence: what the next start will do, and why.
  std::string next_start() const;
  std::vector<std::string> problems() const;
  uint64_t problem_count() const;
};

std::string_view name_of(Header::Copy copy);
std::string_view state_of(const storage::SuperblockRecord& record);
std::string_view media_of(const storage::SuperblockRecord& record);

/// A key's bytes as text: what is not printable ASCII, and the backslash, as \xNN.
std::string key_text(std::string_view key);

/// "2026-01-31 12:00:00 UTC"; "never" for 0.
std::string time_text(UnixSeconds time);

}  // namespace ember::inspect
