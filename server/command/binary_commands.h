// SPDX-License-Identifier: BSD-3-Clause
// binary_commands: the commands of the binary protocol and their answers. What they ask of the
// store is what their likes of the text protocols ask.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "server/command/store_request.h"

namespace ember::server::command {

/// Does any binary command and answers it, unless it is quiet and came to what was expected.
protocol::Next execute_binary(Context& context, const protocol::Command& command,
                              storage::Hash hash, protocol::ReplyBuffer& reply);

/// The answer to a binary storage command.
void answer_binary_store(const Context& context, const protocol::Command& command,
                         const StoreResult& result, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
