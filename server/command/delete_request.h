// SPDX-License-Identifier: BSD-3-Clause
// DeleteRequest: what a delete or md asks of the store. Plain data: who asks is a Dialect, who does
// it is delete.h.
#pragma once

#include <cstdint>
#include <optional>

#include "storage/store.h"

namespace ember::server::command {

struct DeleteRequest {
  /// The item goes only if its CAS is this.
  std::optional<uint64_t> cas_compare;
  /// md with I or x: the item does not go, but changes so. Its cas_compare counts then.
  std::optional<storage::Store::InvalidateRule> invalidate;
};

}  // namespace ember::server::command
