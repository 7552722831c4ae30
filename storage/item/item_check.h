// SPDX-License-Identifier: BSD-3-Clause
// item_check: whether bytes that somebody else left in a chunk are an item. Reads nothing outside
// the chunk, whatever its bytes are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/item/hash.h"
#include "storage/item/item.h"

namespace ember::storage {

/// Where a chunk lies, and what the items of its region have in common.
struct ChunkFrame {
  uint64_t offset = 0;  // in the arena
  size_t size = 0;      // of the chunk
  uint64_t salt = 0;    // SuperblockRecord::file_id
  size_t part_size = 0;
  uint64_t last_sequence = ~uint64_t{0};  // nothing was written with a later one
};

struct ItemCheck {
  enum Verdict : uint8_t {
    no_item,  // free, ended, or never sealed
    damaged,  // sealed, but it is not what was sealed
    sound,
  } verdict = no_item;
  Hash hash = 0;  // of the key, if sound
};

/// Keys have at most this many bytes (protocol.txt).
inline constexpr size_t kMostKeyBytes = 250;

ItemCheck check_item(const Item& item, const ChunkFrame& frame);

}  // namespace ember::storage
