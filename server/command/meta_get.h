// SPDX-License-Identifier: BSD-3-Clause
// meta_get: mg and me. Not the classic get (get.h), whose lookup has other rules.
//
// Threads: the worker's.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Does an mg, counts it, and answers it. Requires: `hash` is that of the key.
void meta_get(Context& context, const protocol::Command& command, storage::Hash hash,
              protocol::ReplyBuffer& reply);

/// Does an me, and answers it: what is known of the item, which it leaves without a trace.
void meta_debug(Context& context, const protocol::Command& command, storage::Hash hash,
                protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
