// SPDX-License-Identifier: BSD-3-Clause
// meta_flags: the flags of a meta command's line to MetaFlags. Not the key, not the decoding.
//
// memcached looks at a line in passes: all letters, then the key, then the tokens of the flags.
// So what is wrong with a token counts only where the letters and the key are sound.
#pragma once

#include <string_view>

#include "protocol/command.h"

namespace ember::protocol {

/// Words of a meta command line, the command's own included, that memcached refuses.
inline constexpr size_t kTooManyMetaWords = 20;

/// The longest O flag, its letter included.
inline constexpr size_t kMaxOpaqueSize = 32;

/// What is wrong with the flags, as reply lines; empty where nothing is.
struct MetaFlagErrors {
  std::string_view letter;  // an unknown or repeated flag, or too many
  std::string_view token;   // a number or mode that does not read
};

/// Reads `text`, the flags as sent (no blanks around it), of a `verb` whose line has
/// `words_before` words in front of them. [text.data(), limit) is readable.
MetaFlagErrors parse_meta_flags(Verb verb, std::string_view text, size_t words_before,
                                const char* limit, MetaFlags& flags);

}  // namespace ember::protocol
