// SPDX-License-Identifier: BSD-3-Clause
// admin_commands: the text commands without a key that no other file has: flush_all, verbosity,
// shutdown, refresh_certs, debugtime; and the dispatch of those of memory_commands.h.
//
// Threads: the worker's. Errors: the answer says them, in memcached's words.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Does such a command, and answers it unless noreply is its last word. Returns whether the
/// connection goes on.
protocol::Next administer(Context& context, const protocol::Command& command,
                          protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
