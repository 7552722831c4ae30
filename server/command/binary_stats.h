// SPDX-License-Identifier: BSD-3-Clause
// binary_stats: the stat command of the binary protocol: the same report as `stats`, one answer a
// line, and an empty one at its end.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Does a binary stat and answers it.
void report_binary_stats(Context& context, const protocol::Command& command,
                         protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
