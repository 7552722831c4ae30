// SPDX-License-Identifier: BSD-3-Clause
// admin_commands: the commands without a key: flush_all, version, verbosity, shutdown; and, in
// memcached's own words for what is switched off, those Ember does not have.
#pragma once

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"

namespace ember::server::command {

/// Whether the connection goes on.
protocol::Next administer(Context& context, const protocol::Command& command,
                          protocol::ReplyBuffer& reply);

}  // namespace ember::server::command
