// SPDX-License-Identifier: BSD-3-Clause
// delete: delete and md: an item goes, or is marked stale. In every dialect; the answer's bytes are
// the dialect's.
//
// Threads: the worker's.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "server/command/dialect.h"

namespace ember::server::command {

/// Does a delete or md, counts it, and answers it. Requires: `hash` is that of the key.
void delete_item(const Context& context, const Dialect& dialect, const protocol::Command& command,
                 storage::Hash hash, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
