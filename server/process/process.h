// SPDX-License-Identifier: BSD-3-Clause
// process: what a server asks of the system for its whole process: descriptors, core dumps, locked
// memory, another user's rights.
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

/// -r: raises the limit of core dumps.
Result<void> allow_core_dumps();

/// Whether the process may leave a core dump at all; to be said after it took other rights, which
/// forbids it. Forbidden, its memory is also kept from the user's other processes.
void permit_core_dumps(bool permitted);

/// So that lock_memory() will do, also after the process took other rights. Best effort.
void raise_lock_limit();
/// -k: everything mapped, now and later, stays in memory: `size` bytes of items and what belongs to
/// them. Nothing is locked when the limit is lower: later, memory would be refused.
Result<void> lock_memory(size_t size);

/// Whether `user` exists. Empty: yes.
bool user_exists(const std::string& user);

/// -u: takes the user's rights when this is root; otherwise nothing.
Result<void> drop_privileges(const std::string& user);

/// Replaces `path` by a file with `content`, never seen half written.
Result<void> replace_file(const std::string& path, const std::string& content);

}  // namespace ember::server
