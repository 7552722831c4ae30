// SPDX-License-Identifier: BSD-3-Clause
// Findings: all that is known of a memory file, and the words for it that both reports use. How a
// report looks is text_report.h's and json_report.h's.
//
// Threads: one; a value once it is filled. The words are part of what programs read: they stay.
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

  /// Returns one sentence: what the next start will do, and why.
  std::string next_start() const;
  /// Returns the problems that a report tells: of the pages' only the first few.
  std::vector<std::string> problems() const;
  /// Returns how many problems there are, told or not.
  uint64_t problem_count() const;
};

/// Return the words for a copy of the superblock, for how the file was left, and for its medium;
/// "unknown" for a number that has no meaning.
std::string_view name_of(Header::Copy copy);
std::string_view state_of(const storage::SuperblockRecord& record);
std::string_view media_of(const storage::SuperblockRecord& record);

/// Returns a key's bytes as text: what is not printable ASCII, and the backslash, as \xNN.
std::string key_text(std::string_view key);

/// Returns "2026-01-31 12:00:00 UTC"; "never" for 0.
std::string time_text(UnixSeconds time);

}  // namespace ember::inspect
