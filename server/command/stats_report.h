// SPDX-License-Identifier: BSD-3-Clause
// stats_report: the answers to `stats` and its families, under the names that memcached's tools
// read. The numbers are kept elsewhere: counters.h, storage::Store, StatsSource.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

protocol::Next report_stats(Context& context, const protocol::Command& command,
                            protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
