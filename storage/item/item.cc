// SPDX-License-Identifier: BSD-3-Clause
// What the media format and the atomic words need of the compiler.
#include "storage/item/item.h"

namespace ember::storage {

static_assert(sizeof(Item) == Item::kHeaderSize, "the header is part of the media format");
static_assert(std::is_standard_layout_v<Item> && std::is_trivially_destructible_v<Item>);
static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace ember::storage
