// SPDX-License-Identifier: BSD-3-Clause
// arithmetic: incr, decr and ma: an item that is a number counts up or down, or is made when it is
// missing. In every dialect; the answer's bytes are the dialect's.
//
// Threads: the worker's.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "server/command/dialect.h"

namespace ember::server::command {

/// Does an incr, decr or ma, counts it, and answers it. Requires: `hash` is that of the key.
void calculate(const Context& context, const Dialect& dialect, const protocol::Command& command,
               storage::Hash hash, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
