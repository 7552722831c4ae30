// SPDX-License-Identifier: BSD-3-Clause
// numbers: decimal text to integers and back, without locale, allocation or surprise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ember {

/// The longest decimal forms of the 64-bit integers, sign included.
inline constexpr size_t kMaxDecimalSize = 20;

/// All of `text` as an unsigned decimal number: digits only, no sign, no blanks, no overflow.
std::optional<uint64_t> parse_u64(std::string_view text);

/// All of `text` as a signed decimal number, with an optional leading '-'.
std::optional<int64_t> parse_i64(std::string_view text);

/// Writes `value` in decimal at `to` (room for kMaxDecimalSize); returns the end.
char* write_u64(char* to, uint64_t value);

/// Writes `value` in decimal at `to` (room for kMaxDecimalSize); returns the end.
char* write_i64(char* to, int64_t value);

}  // namespace ember
