// SPDX-License-Identifier: BSD-3-Clause
// Daemon: -d: the server goes on without its starter, who hears how the start went: it waits,
// and ends with 0 when the server serves, with the server's exit code when it does not. Until then
// the server has the starter's standard streams, and ends when the starter does.
// Threads: detach() before there are others.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace ember::server {

class Daemon {
 public:
  /// Returns in the new process only.
  Result<void> detach();

  /// After the process took other rights, which makes the system forget it: ends with its starter.
  void end_with_starter() const;

  /// The server serves: lets the starter go. `keep_output`: standard output and error stay as they
  /// are (memcached keeps them at -v); `keep_folder`: the working folder too (with -r).
  Result<void> serve(bool keep_output, bool keep_folder);

 private:
  Fd starter_;  // where it waits for a byte; open in the new process only
  int starter_pid_ = 0;
};

}  // namespace ember::server
