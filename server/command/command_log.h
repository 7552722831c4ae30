// SPDX-License-Identifier: BSD-3-Clause
// command_log: what commands report to watchers: one function an event. Not what the store does by
// itself (store_log.h). Called only while a client watches, so nothing here is fast.
//
// Threads: the worker's.
#pragma once

#include <string_view>

#include "protocol/command.h"
#include "server/command/context.h"
#include "server/command/store_request.h"

namespace ember::server::command {

/// Returns whether a command that reads, or changes, the item of its key has something to report.
inline bool is_watched(const Context& context) {
  return context.log.watched(kFetchers | kMutations | kDeletions);
}

/// item_get: `key` was looked up; null: nothing was found.
void report_get(const Context& context, std::string_view key, const storage::Item* item);

/// What a key held before a command changed it.
struct ItemBefore {
  bool found = false;
  uint8_t class_id = 0;
  uint32_t value_size = 0;
  UnixSeconds exptime = 0;
};
/// Looks up what a command is about to change. memcached's commands do so first, so this reports an
/// item_get.
ItemBefore look_before(const Context& context, const storage::ItemName& name);

/// item_store: what became of a storage command.
void report_store(const Context& context, const protocol::Command& command,
                  const StoreRequest& request, const StoreResult& result, const ItemBefore& before);

/// item_store of an item that an ma or a binary incr or decr made.
void report_created(const Context& context, std::string_view key, const storage::Written& written,
                    UnixSeconds expiry, uint64_t value_size);

/// deleted: the command removed what its key held.
void report_deleted(const Context& context, const protocol::Command& command,
                    const ItemBefore& before);

/// rawcmd: a command as it was asked. Nothing of a command without a key.
void report_command(const Context& context, const protocol::Command& command);

}  // namespace ember::server::command
