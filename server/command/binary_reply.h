// SPDX-License-Identifier: BSD-3-Clause
// binary_reply: answers of the binary protocol: header, extras, key, value.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/binary_header.h"
#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// A failure: `status` and its words. Quiet commands are told too.
void answer_failure(const protocol::Command& command, protocol::Status status,
                    protocol::ReplyBuffer& reply);

/// Success without a body, unless the command is quiet.
void answer_success(const protocol::Command& command, uint64_t cas, protocol::ReplyBuffer& reply);

/// Success with a key and a value, either of which may be empty; quiet or not.
void answer_with(const protocol::Command& command, std::string_view key, std::string_view value,
                 protocol::ReplyBuffer& reply);

/// The value of an incr or decr.
void answer_number(const protocol::Command& command, uint64_t number, uint64_t cas,
                   protocol::ReplyBuffer& reply);

/// An item found: client flags, the key if the command asks for it, and the value.
void answer_item(const Context& context, const protocol::Command& command,
                 const storage::Item& item, protocol::ReplyBuffer& reply);

/// A key not found, unless the command is quiet. One that asks for its key is told no words.
void answer_miss(const protocol::Command& command, protocol::ReplyBuffer& reply);

/// An item touched: its client flags.
void answer_touched(const Context& context, const protocol::Command& command,
                    const storage::Item& item, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
