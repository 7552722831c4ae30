// SPDX-License-Identifier: BSD-3-Clause
// memory_commands: slabs, lru, cache_memlimit: how the store's memory is divided, and how much
// there is. What they return is the answer's line.
//
// Threads: the worker's; the janitor carries out what they ask.
#pragma once

#include <string>

#include "protocol/arguments.h"
#include "server/command/context.h"

namespace ember::server::command {

/// slabs reassign|automove ...
std::string control_slabs(const Context& context, const protocol::Arguments& arguments);

/// lru mode|tune|temp_ttl ...: accepted, and without effect: Ember has no such queues.
std::string control_lru(const protocol::Arguments& arguments);

/// cache_memlimit MEGABYTES
std::string limit_memory(const Context& context, const protocol::Arguments& arguments);

}  // namespace ember::server::command
