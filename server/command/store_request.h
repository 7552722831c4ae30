// SPDX-License-Identifier: BSD-3-Clause
// StoreRequest: what a storage command asks of the store, whatever dialect it came in; and doing
// it, counters included. Not the answer's bytes.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/command.h"
#include "server/command/context.h"

namespace ember::server::command {

struct StoreRequest {
  storage::WriteRule rule;
  uint32_t client_flags = 0;
  UnixSeconds expiry = 0;
  /// append, prepend: the value goes to this end of the one that is there.
  std::optional<storage::Store::End> end;
  /// append, prepend of ms with N: a missing item is made, with this expiry.
  std::optional<UnixSeconds> vivify;
};

struct StoreResult {
  storage::Written written;
  /// The value alone found no room: it is not the one it was to be joined with that is too much.
  bool refused = false;
  /// Of the value stored, or sent.
  uint64_t value_size = 0;
};

StoreRequest store_request(const Context& context, const protocol::Command& command);

/// Room for the command's value. The caller asks its outcome() before it fills it.
storage::Draft draft_value(const Context& context, const protocol::Command& command,
                           storage::Hash hash, const StoreRequest& request);

/// The command found no room for its value (`outcome`): counts it, and removes what the key held
/// where memcached does, so that an old value does not pass for the new one.
StoreResult refuse(const Context& context, const protocol::Command& command, storage::Hash hash,
                   storage::Outcome outcome);

/// Whether `command`'s value could never be stored, being too large by itself.
bool exceeds_item_size(const Context& context, const protocol::Command& command);

/// The value is in `draft`, whole.
StoreResult publish(const Context& context, const protocol::Command& command,
                    const StoreRequest& request, storage::Draft draft);

/// append, prepend: the value is `bytes`.
StoreResult join(const Context& context, const protocol::Command& command, storage::Hash hash,
                 const StoreRequest& request, std::string_view bytes);

/// All of it, for a command that has its value.
StoreResult store_whole(const Context& context, const protocol::Command& command,
                        storage::Hash hash);

}  // namespace ember::server::command
