// SPDX-License-Identifier: BSD-3-Clause
// item_check: whether the bytes that an earlier process left in a chunk are an item. Used by the
// scan after a crash, by the check behind a start by state file, and by ember-inspect.
// Not a check of the value: that carries no checksum.
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
    damaged,  // sealed, but not with these bytes
    intact,
  } verdict = no_item;
  Hash hash = 0;  // of the key, if intact
};

/// Keys have at most this many bytes (protocol.txt).
inline constexpr size_t kMostKeyBytes = 250;

/// Returns what the chunk holds. The bytes may be anything: nothing outside the chunk is read.
/// Requires: header and key, or the whole chunk if the header says chained, can be read at `item`;
/// frame.part_size is not 0.
/// Threads: any, while nothing writes to the chunk. Cost: two cache lines and the key's hash.
ItemCheck check_item(const Item& item, const ChunkFrame& frame);

}  // namespace ember::storage
