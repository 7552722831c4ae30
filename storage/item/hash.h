// SPDX-License-Identifier: BSD-3-Clause
// Hash: a key as 64 bits. XXH3 (xxhash.com), the same on every machine and in every version: the
// checksums of items on media depend on it.
// Not a defence against chosen keys: it has no secret.
#pragma once

#include <cstdint>
#include <string_view>

namespace ember::storage {

using Hash = uint64_t;

/// Returns the hash of `key`'s bytes. Threads: any. Cost: some nanoseconds for a short key.
Hash hash_key(std::string_view key);

}  // namespace ember::storage
