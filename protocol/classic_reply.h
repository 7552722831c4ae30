// SPDX-License-Identifier: BSD-3-Clause
// classic_reply: the one-line answers of the classic commands, and of failures in both dialects.
#pragma once

#include <string_view>

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

}  // namespace ember::protocol
