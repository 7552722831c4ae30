// SPDX-License-Identifier: BSD-3-Clause
// meta_delete: md and delete.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

void meta_delete(Context& context, const protocol::Command& command, storage::Hash hash,
                 protocol::ReplyBuffer& reply);

/// Removes the item, if its CAS matches one that is given; counts it.
storage::Written remove_item(Context& context, const protocol::Command& command, storage::Hash hash,
                             std::optional<uint64_t> cas_compare);

void classic_delete(Context& context, const protocol::Command& command, storage::Hash hash,
                    protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
