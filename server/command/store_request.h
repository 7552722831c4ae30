// SPDX-License-Identifier: BSD-3-Clause
// StoreRequest, StoreResult: what a command that stores a value asks of the store, in the same
// words whatever dialect it came in, and what became of it. Plain data: who asks is a Dialect, who
// does it is set.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "protocol/command.h"
#include "storage/item/hash.h"
#include "storage/store.h"

namespace ember::server::command {

/// It has no views: it may outlive the input it was read from.
struct StoreRequest {
  storage::WriteRule rule;
  /// Of the command's key.
  storage::Hash hash = 0;
  uint32_t client_flags = 0;
  UnixSeconds expiry = 0;
  /// append, prepend: the value goes to this end of the item's.
  std::optional<storage::Store::End> end;
  /// append, prepend of ms with N: a missing item is made, with this expiry.
  std::optional<UnixSeconds> vivify;
  /// When there is no room for the value, the key's old one goes, so that it does not pass for the
  /// new one. As in memcached: set and ms.
  bool drops_old = false;
  /// The answer to an append or prepend tells the size of the joined value.
  bool wants_size = false;
};

struct StoreResult {
  storage::Written written;
  /// There was no room for the value alone. Otherwise too_large speaks of two values joined.
  bool refused = false;
  /// Of the value stored, or sent.
  uint64_t value_size = 0;
};

/// Returns what the verbs of the classic and the binary protocol ask, a CAS to compare with aside.
/// Requires: the command is one of set, add, replace, append, prepend, cas.
StoreRequest request_by_verb(const protocol::Command& command, UnixSeconds now);

}  // namespace ember::server::command
