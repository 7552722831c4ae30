// SPDX-License-Identifier: BSD-3-Clause
// stats_report: the answers to `stats` and its families, as text. What is shown, and in which
// order, is the registry's (server/metrics/registry.h); here are the families that are no metrics:
// conns, sizes, detail, cachedump.
//
// Threads: the worker's whose client asks. Cost: of plain `stats`, tens of microseconds.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Answers `stats` with the arguments of `command`. Returns Next::again while a dump goes on.
protocol::Next report_stats(Context& context, const protocol::Command& command,
                            protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
