// SPDX-License-Identifier: BSD-3-Clause
// watched: what commands tell watchers. Called only where somebody watches, so nothing here is
// fast.
#pragma once

#include <string_view>

#include "protocol/command.h"
#include "server/command/context.h"
#include "server/command/store_request.h"

namespace ember::server::command {

/// Whether a command that looks at, or changes, the item of its key has something to tell.
inline bool is_watched(const Context& context) {
  return context.log.watched(kFetchers | kMutations | kDeletions);
}

/// item_get: `item` was looked up, and found unless null.
void report_get(const Context& context, std::string_view key, const storage::Item* item);

/// What a key held before a command changed it. memcached's commands look it up first, and so tell
/// an item_get too.
struct ItemBefore {
  bool found = false;
  uint8_t class_id = 0;
  uint32_t value_size = 0;
  UnixSeconds exptime = 0;
};
ItemBefore look_before(const Context& context, std::string_view key, storage::Hash hash);

/// item_store: what a storage command came to.
void report_store(const Context& context, const protocol::Command& command,
                  const StoreRequest& request, const StoreResult& result, const ItemBefore& before);

/// item_store of an item that an ma made.
void report_created(const Context& context, std::string_view key, const storage::Written& written,
                    UnixSeconds expiry, uint64_t value_size);

/// deleted: `word` is the command.
void report_deleted(const Context& context, std::string_view key, const char* word,
                    const ItemBefore& before);

/// rawcmd: a command as it was asked.
void report_command(const Context& context, const protocol::Command& command);

}  // namespace ember::server::command
