// SPDX-License-Identifier: BSD-3-Clause
// base64: RFC 4648 with padding, for keys of meta commands (flag b).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ember::protocol {

/// Room that decoding `size` characters needs.
constexpr size_t base64_decoded_bound(size_t size) { return size / 4 * 3; }

/// Size of the encoding of `size` bytes.
constexpr size_t base64_encoded_size(size_t size) { return (size + 2) / 3 * 4; }

/// Decodes `text` to `to` (room for base64_decoded_bound); returns the size, or nothing if `text`
/// is not base64: a multiple of four characters, padded. Unused bits of the last character may be
/// anything, as in memcached.
std::optional<size_t> decode_base64(std::string_view text, char* to);

/// Encodes `bytes` at `to` (room for base64_encoded_size); returns the end.
char* encode_base64(std::string_view bytes, char* to);

}  // namespace ember::protocol
