// SPDX-License-Identifier: BSD-3-Clause
// process: what a server asks of the system for its whole process: descriptors, core dumps, locked
// memory, another user's rights, the background, a pid file.
// Threads: called by main before there are others.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace ember::server {

/// Descriptors a server needs beside its connections: listeners, rings, events, standard streams.
inline constexpr size_t kReservedDescriptors = 64;

/// Raises the limit of open files so that `connections` fit.
Result<void> raise_file_limit(size_t connections);

/// -r
Result<void> allow_core_dumps();

/// -k: everything mapped, now and later, stays in memory.
Result<void> lock_memory();

/// Whether `user` exists. Empty: yes.
bool user_exists(const std::string& user);

/// -u: takes the user's rights when this is root; otherwise nothing.
Result<void> drop_privileges(const std::string& user);

/// -d: goes on in the background, detached from the terminal.
Result<void> daemonize();

/// Writes the process id to a file, which is removed with this object.
class PidFile {
 public:
  PidFile() = default;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile();
  Result<void> write(const std::string& path);

 private:
  std::string path_;
};

/// Replaces `path` by a file with `content`, never seen half written.
Result<void> replace_file(const std::string& path, const std::string& content);

}  // namespace ember::server
