// SPDX-License-Identifier: BSD-3-Clause
// ItemPlan: what is known of an item before it is published: what its header will say, and how much
// room it needs. Not the value: that is written into the draft's chunks.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "storage/item/hash.h"

namespace ember::storage {

/// Ownership: `key` refers to the caller's bytes, from ItemWriter::prepare on to the draft's chunk.
struct ItemPlan {
  std::string_view key;
  Hash hash = 0;
  uint32_t client_flags = 0;
  UnixSeconds exptime = 0;  // 0: never
  uint64_t value_size = 0;
  /// True if the item will be published with a CAS of the client's choice (WriteRule::cas_new).
  bool sequenced = false;
  // Found out when room is made for the item:
  bool chained = false;   // too large for one chunk
  bool recalled = false;  // its key was evicted unread a short while ago
};

}  // namespace ember::storage
