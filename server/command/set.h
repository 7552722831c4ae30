// SPDX-License-Identifier: BSD-3-Clause
// set: set, add, replace, append, prepend, cas and ms: a value goes into the store. In every
// dialect; the answer's bytes are the dialect's. Also the steps of it, for a value that arrives in
// parts (streamed_set.h).
//
// Threads: the worker's.
#pragma once

#include <string_view>

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "server/command/dialect.h"
#include "server/command/store_request.h"

namespace ember::server::command {

/// Does a storage command that has its value, counts it, and answers it. Requires: `hash` is that
/// of the key.
void store_value(const Context& context, const Dialect& dialect, const protocol::Command& command,
                 storage::Hash hash, protocol::ReplyBuffer& reply);

/// Returns what the command asks, its key's hash with it. Counts the command's key by prefix, where
/// the dialect does.
StoreRequest begin_store(const Context& context, const Dialect& dialect,
                         const protocol::Command& command, storage::Hash hash);

/// Returns room for the command's value, or a draft whose outcome() says why there is none.
storage::Draft draft_value(const Context& context, const protocol::Command& command,
                           const StoreRequest& request);

/// Returns whether `command`'s value can never be stored, being too large by itself.
bool exceeds_item_size(const Context& context, const protocol::Command& command);

/// Ends a command that found no room for its value, being `outcome`: counts it, and removes what
/// the key held if the request says so.
StoreResult refuse(const Context& context, const protocol::Command& command,
                   const StoreRequest& request, storage::Outcome outcome);

/// Ends a command whose value is in `draft`. Requires: all of the value is.
StoreResult publish(const Context& context, const protocol::Command& command,
                    const StoreRequest& request, storage::Draft draft);

/// Ends an append or prepend of `bytes`. Requires: request.end says which it is.
StoreResult join(const Context& context, const protocol::Command& command,
                 const StoreRequest& request, std::string_view bytes);

}  // namespace ember::server::command
