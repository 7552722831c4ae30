// SPDX-License-Identifier: BSD-3-Clause
// JudgePort: the guest's line to the judge outside, which a power cut cannot take back.
//
// The emulator's debug port (0xe9) hands every byte to a file of the host before the instruction
// that wrote it is done: no buffer of a terminal or a page cache stands between an acknowledgement
// and its record. Outside a virtual machine the lines go to standard output.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace ember::dax {

class JudgePort {
 public:
  /// Needs root and the emulator's debug port, or `to_stdout`.
  static Result<JudgePort> open(bool to_stdout);

  /// Says one line; the end of the line is added.
  void say(std::string_view line) const;

 private:
  JudgePort(bool to_stdout, Fd lock) : to_stdout_(to_stdout), lock_(std::move(lock)) {}

  bool to_stdout_;
  Fd lock_;  // held while a line is said
};

}  // namespace ember::dax
