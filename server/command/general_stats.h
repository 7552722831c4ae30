// SPDX-License-Identifier: BSD-3-Clause
// general_stats: plain `stats`.
#pragma once

#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

void report_general(const Context& context, protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
