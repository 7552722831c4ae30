// SPDX-License-Identifier: BSD-3-Clause
// Daemon: -d: the server goes on in a new process. The starter, the process that was started,
// waits: it ends with 0 when the server serves, and with the server's exit code when the server
// does not. Until then the server has the starter's standard streams, and ends when the starter
// does.
//
//   detach() -> end_with_starter() -> serve()
//
// Without detach(), all else does nothing. Not a restart, not a supervisor.
// Threads: detach() before there are others; all calls from main's.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace ember::server {

class Daemon {
 public:
  /// Forks. Returns in the new process only; the starter ends in it. Returns an error, in the
  /// starter, when the system refuses a process. Requires: called once.
  Result<void> detach();

  /// Lets the system end the server with its starter. Taking other rights makes the system forget
  /// this, so it is called after that.
  void end_with_starter() const;

  /// The server serves: lets the starter go. `keep_output`: standard output and error stay as they
  /// are (memcached keeps them at -v); `keep_folder`: the working folder too (with -r). Returns an
  /// error, and the starter still waits, without / or /dev/null.
  Result<void> serve(bool keep_output, bool keep_folder);

 private:
  Fd starter_;  // where the starter waits for a byte; open in the new process until serve()
  int starter_pid_ = 0;
};

}  // namespace ember::server
