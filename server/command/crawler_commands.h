// SPDX-License-Identifier: BSD-3-Clause
// crawler_commands: lru_crawler, and stats cachedump: items listed, expired ones looked for. Not
// the lists' lines (item_dumps.h).
//
// Threads: the worker's. Requires: Context::client is set.
#pragma once

#include "protocol/arguments.h"
#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Does `lru_crawler ...`, and answers it. Returns Next::again while a list is under way.
protocol::Next control_crawler(const Context& context, const protocol::Command& command,
                               protocol::ReplyBuffer& reply);

/// Does `stats cachedump CLASS LIMIT`, likewise.
protocol::Next dump_class(const Context& context, const protocol::Arguments& arguments,
                          protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
