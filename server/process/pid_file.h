// SPDX-License-Identifier: BSD-3-Clause
// PidFile: the file of -P, which names the server's process and is removed when the server ends.
//
// A stale one (its process is gone, or is something else by now) is taken over; that of a server
// that runs is not. It is opened with the rights the process was started with, so that it may lie
// in /run, and stays the starter's: whoever can write to it can have init scripts end any process.
// Threads: none of its own; used by one.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ember::server {

class PidFile {
 public:
  PidFile() = default;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  /// Removes the file; where the rights for that are gone, empties it.
  ~PidFile();

  /// Makes the file this process's, without writing to it yet. Returns an error when the file
  /// belongs to a server that runs, is no ordinary file, or cannot be opened.
  /// Requires: `path` is not empty; no file is open.
  Result<void> open(const std::string& path);
  /// Writes the process id, if the file is open. Returns an error when its volume is full.
  Result<void> write();

 private:
  std::string path_;
  Fd file_;
};

}  // namespace ember::server
