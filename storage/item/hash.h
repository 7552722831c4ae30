// SPDX-License-Identifier: BSD-3-Clause
// hash: keys to 64 bits. XXH3 (xxhash.com), the same on every machine: index order and recovery
// may depend on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace ember::storage {

using Hash = uint64_t;

Hash hash_key(std::string_view key);

}  // namespace ember::storage
