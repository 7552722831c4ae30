// SPDX-License-Identifier: BSD-3-Clause
// frame_found: where an item lies that an earlier process left, for check_item(). No item is later
// than the numbers that were reserved for the earlier process.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/core/core.h"
#include "storage/item/item_check.h"

namespace ember::storage {

inline ChunkFrame frame_found(const StoreCore& core, uint64_t offset, size_t chunk_size) {
  return {.offset = offset,
          .size = chunk_size,
          .salt = core.salt,
          .part_size = core.classes.largest(),
          .last_sequence = core.takeover.record.cas};
}

}  // namespace ember::storage
