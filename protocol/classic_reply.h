// SPDX-License-Identifier: BSD-3-Clause
// classic_reply: the replies of the classic commands: one-line answers, numbers, VALUE lines; and
// the lines of failures that classic and meta commands share. Not which answer a command deserves.
//
// Cost: everything is inline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "protocol/command.h"
#include "protocol/line_writer.h"

namespace ember::protocol {

inline constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache";
inline constexpr std::string_view kNoMemory = "SERVER_ERROR out of memory storing object";
inline constexpr std::string_view kBadDataChunk = "CLIENT_ERROR bad data chunk";
inline constexpr std::string_view kNonNumeric =
    "CLIENT_ERROR cannot increment or decrement non-numeric value";

/// One line, unless the client asked for no reply.
inline void answer(const Command& command, std::string_view line, ReplyBuffer& reply) {
  if (!command.noreply) {
    append_line(reply, line);
  }
}

/// The answer to incr and decr, likewise.
inline void answer_number(const Command& command, uint64_t number, ReplyBuffer& reply) {
  if (!command.noreply) {
    append_written(reply, kMaxDecimalSize + kLineEnd.size(),
                   [number](LineWriter& line) { line.number(number).end_line(); });
  }
}

/// What stands in a VALUE line.
struct ValueLine {
  std::string_view key;
  uint32_t client_flags = 0;
  uint64_t value_size = 0;
  std::optional<uint64_t> cas;  // of gets and gats
};

/// Room for the VALUE line of a key.
constexpr size_t max_value_line(std::string_view key) {
  // "VALUE " key " 4294967295 18446744073709551615 18446744073709551615\r\n"
  return 6 + key.size() + 1 + 10 + size_t{2} * (1 + kMaxDecimalSize) + kLineEnd.size();
}

/// "VALUE <key> <flags> <bytes>[ <cas>]\r\n"; the value and its line end are to follow.
inline void write_value_line(const ValueLine& value, LineWriter& line) {
  debug_check(!value.key.empty() && value.key.size() <= kMaxKeySize, "an item's key has a size");
  line.text("VALUE ").text(value.key).letter(' ').number(value.client_flags);
  line.letter(' ').number(value.value_size);
  if (value.cas) {
    line.letter(' ').number(*value.cas);
  }
  line.end_line();
}

}  // namespace ember::protocol
