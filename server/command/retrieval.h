// SPDX-License-Identifier: BSD-3-Clause
// retrieval: get, gets, gat, gats (one key each) and touch.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Finds the item of a get, gat or touch, which a gat or touch gives its new expiry; counts it.
storage::Found look_up(Context& context, const protocol::Command& command, storage::Hash hash);

/// Answers one key of a retrieval line: its VALUE, or nothing.
void retrieve(Context& context, const protocol::Command& command, storage::Hash hash,
              protocol::ReplyBuffer& reply);

void touch(Context& context, const protocol::Command& command, storage::Hash hash,
           protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
