// SPDX-License-Identifier: BSD-3-Clause
// request_line: one line of a request, classic or meta, to a Command. Not the value after it, not
// the keys of a retrieval line: those are the Parser's, which alone knows how the input is cut.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/command.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {

/// The largest length of a value that memcached reads: two bytes, the terminator, below 2^31.
inline constexpr int64_t kMaxAnnouncedSize = INT32_MAX - 2;

inline constexpr std::string_view kBadLine = "CLIENT_ERROR bad command line format";
inline constexpr std::string_view kError = "ERROR";
inline constexpr std::string_view kBadExptime = "CLIENT_ERROR invalid exptime argument";

/// What follows a line.
enum class Line : uint8_t {
  complete,       // nothing: the command (or the error) is all
  storage,        // value_size bytes of value and a terminator
  refused_value,  // the same, but the line is bad: they are to be dropped
  retrieval,      // keys, up to the line's end
};

/// The verb of a request's first word; Verb::invalid if it is none.
Verb verb_of(std::string_view word, const char* limit);

/// Sets everything but `meta` to nothing: commands are reused without clearing them.
inline void reset(Command& command, Verb verb) {
  command.verb = verb;
  command.noreply = false;
  command.is_binary = false;
  command.value_complete = false;
  command.client_flags = 0;
  command.exptime = 0;
  command.number = 0;
  command.value_size = 0;
  command.key = {};
  command.key_text = {};
  command.value = {};
  command.arguments = {};
  command.error = {};
}

/// Reads the line of a classic `verb`; `words` stands behind the verb. An error is Verb::invalid
/// in `command`, with its noreply as the line has it.
/// Of a retrieval line only the exptime is read.
Line parse_classic_line(Verb verb, Words words, Command& command);

/// The same for a meta `verb`. A base64 key is decoded to `scratch` (room for kMaxKeySize).
Line parse_meta_line(Verb verb, Words words, Command& command, char* scratch);

}  // namespace ember::protocol
