// SPDX-License-Identifier: BSD-3-Clause
// binary_reply: answers of the binary protocol that tell of an item of the store. Their bytes, and
// the answers that tell of none: protocol/binary_reply.h.
#pragma once

#include "protocol/binary_reply.h"
#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// An item found: client flags, the key if the command asks for it, and the value.
void answer_item(const Context& context, const protocol::Command& command,
                 const storage::Item& item, protocol::ReplyBuffer& reply);

/// An item touched: its client flags.
void answer_touched(const Context& context, const protocol::Command& command,
                    const storage::Item& item, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
