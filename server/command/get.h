// SPDX-License-Identifier: BSD-3-Clause
// get: get, gets, gat, gats (one key each) and touch. Not mg (meta_get.h), nor the END of a
// retrieval line, which is a command of its own.
//
// Threads: the worker's.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Finds the item of a get, gat or touch, in any dialect, and gives it the new expiry of a gat or
/// touch; counts it. Returns what was found, readable until the next call that writes.
storage::Found look_up(Context& context, const protocol::Command& command, storage::Hash hash);

/// Does one key of a classic get, gets, gat or gats, and answers it: its VALUE, or nothing.
void retrieve(Context& context, const protocol::Command& command, storage::Hash hash,
              protocol::ReplyBuffer& reply);

/// Does a classic touch, and answers it.
void touch(Context& context, const protocol::Command& command, storage::Hash hash,
           protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
