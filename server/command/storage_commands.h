// SPDX-License-Identifier: BSD-3-Clause
// storage_commands: the answers to set, add, replace, append, prepend, cas and ms; and their values
// that arrive in pieces.
#pragma once

#include <memory>

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// A storage command that has its value.
void store_value(Context& context, const protocol::Command& command, storage::Hash hash,
                 protocol::ReplyBuffer& reply);

/// A place for a value that is still arriving; null when there is none and `reply` says so.
std::unique_ptr<protocol::IncomingValue> begin_storing(Context& context,
                                                       const protocol::Command& command,
                                                       protocol::ReplyBuffer& reply);

/// The value came whole; `value` is what begin_storing() gave.
void finish_storing(Context& context, const protocol::Command& command,
                    std::unique_ptr<protocol::IncomingValue> value, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
