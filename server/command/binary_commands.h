// SPDX-License-Identifier: BSD-3-Clause
// binary_commands: the dispatch of the binary protocol, and the answers of commands that only it
// answers so (get, touch, noop ...). What set, incr and delete do is done elsewhere, in
// kBinaryDialect. Not authentication, which is before any handler (server/auth).
//
// Threads: the worker's.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Does any binary command and answers it; a quiet one is not answered when it came to what was
/// expected. Returns whether the connection goes on. Requires: `hash` is that of the key, if there
/// is one.
protocol::Next execute_binary(Context& context, const protocol::Command& command,
                              storage::Hash hash, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
