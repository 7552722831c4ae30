// SPDX-License-Identifier: BSD-3-Clause
// Header: both copies of a memory file's superblock, and what a start would make of the file. It
// judges as the store would (takeover.h), and looks at no page (page_scan.h).
//
// Threads: one; a value once it is filled.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/media/superblock.h"
#include "storage/media/takeover.h"
#include "tools/inspect/memory_file.h"

namespace ember::inspect {

struct Header {
  enum class Copy : uint8_t { sound, blank, newer, damaged };

  std::array<Copy, 2> copies{};
  /// The record that counts, if there is one that can be read.
  std::optional<storage::SuperblockRecord> record;
  storage::Takeover takeover;  // as the next start would judge
  UnixSeconds noted = 0;
  bool of_this_boot = false;
  /// True if pages and items can be made out: there is a record, with a page size that can be.
  bool readable = false;
  std::vector<std::string> problems;
};

/// Returns what the file begins with, at time `now`; or why it cannot be read. The bytes may be
/// anything, and may change meanwhile: two copies that differ are read again.
Result<Header> read_header(const MemoryFile& file, UnixSeconds now);

}  // namespace ember::inspect
