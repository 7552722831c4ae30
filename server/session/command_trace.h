// SPDX-License-Identifier: BSD-3-Clause
// command_trace: what -vv logs of a connection, in memcached's manner: that it came and went, its
// commands ("<12 get a") and the beginning of what they are answered (">12 END"). Never a value.
// Threads: any. Cost: nothing here is fast. Requires: log::enabled(trace).
#pragma once

#include <cstddef>
#include <span>

#include "protocol/command.h"
#include "protocol/reply_buffer.h"

namespace ember::server::session {

void trace_open(int connection);
void trace_close(int connection);
void trace_commands(int connection, std::span<const protocol::Command> commands);
/// Of `reply`, what stands behind its first `before` bytes.
void trace_reply(int connection, const protocol::ReplyBuffer& reply, size_t before);

}  // namespace ember::server::session
