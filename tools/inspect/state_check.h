// SPDX-License-Identifier: BSD-3-Clause
// StateCheck: what lies beside a memory file as its state file (F.meta), and whether the next start
// will go by it. It asks the store's own reader (state_reader.h) and writes nothing.
//
// Threads: one; a value once it is filled. Invariants: it fits, or there is a reason why not.
#pragma once

#include <cstdint>
#include <string>

#include "tools/inspect/header.h"

namespace ember::inspect {

struct StateCheck {
  bool there = false;
  uint64_t size = 0;
  bool fits = false;     // it belongs to the stop the superblock tells of
  bool damaged = false;  // that stop left it, and it is not as it was left
  std::string reason;    // why it does not fit
};

/// Returns the judgement. `verify`: the whole state file is read, and its checksums are compared.
/// Cost: 8 KiB read, or all of the file.
StateCheck check_state_file(const std::string& memory_file, const Header& header, bool verify);

}  // namespace ember::inspect
