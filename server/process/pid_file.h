// SPDX-License-Identifier: BSD-3-Clause
// PidFile: the file of -P: whose it is, and that it goes when its server goes.
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

  /// Makes the file this process's, or says whose it is. Nothing is written to it yet.
  Result<void> open(const std::string& path);
  /// Writes the process id, if the file is open.
  Result<void> write();

 private:
  std::string path_;
  Fd file_;
};

}  // namespace ember::server
