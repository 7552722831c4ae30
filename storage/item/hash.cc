// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/hash.h"

// Keys are short: the call takes as long as the hashing.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ember::storage {

Hash hash_key(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

}  // namespace ember::storage
