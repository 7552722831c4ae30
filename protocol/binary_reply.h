// SPDX-License-Identifier: BSD-3-Clause
// binary_reply: the answers of the binary protocol as bytes: header, extras, key, value. Not which
// answer a command deserves.
//
// Requires, of every command here: it came in the binary protocol, whose opcode and opaque the
// answer repeats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "protocol/command.h"
#include "protocol/head_and_value.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

/// The header of an answer to `command`: success, and nothing behind it.
inline BinaryReply reply_to(const Command& command) {
  debug_check(command.is_binary, "only a binary command is answered in the binary protocol");
  return {.opcode = command.binary.opcode, .opaque = command.binary.opaque};
}

/// A failure: `status` and its words. Quiet commands are told too.
void answer_failure(const Command& command, Status status, ReplyBuffer& reply);

/// Success without a body, unless the command is quiet.
void answer_success(const Command& command, uint64_t cas, ReplyBuffer& reply);

/// Success with a key and a value, either of which may be empty; quiet or not.
void answer_with(const Command& command, std::string_view key, std::string_view value,
                 ReplyBuffer& reply);

/// The value of an incr or decr, unless the command is quiet.
void answer_number(const Command& command, uint64_t number, uint64_t cas, ReplyBuffer& reply);

/// A key not found, unless the command is quiet. A command that asks for its key is told no words.
void answer_miss(const Command& command, ReplyBuffer& reply);

/// What an answer tells of an item beside its value.
struct BinaryItem {
  uint32_t client_flags = 0;
  uint64_t cas = 0;
};

/// The client flags of an item, as extras.
inline constexpr size_t kBinaryFlagsSize = sizeof(uint32_t);

/// An item touched: its client flags.
void answer_touched(const Command& command, const BinaryItem& item, ReplyBuffer& reply);

/// An item found: client flags, the key if the command asks for it, and the value.
template <ReplyValue Value>
void answer_item(const Command& command, const BinaryItem& item, const Value& value,
                 ReplyBuffer& reply) {
  const bool with_key = echoes_key(command.binary.opcode);
  const std::string_view key = command.key.substr(0, with_key ? command.key.size() : 0);
  BinaryReply header = reply_to(command);
  header.extra_size = kBinaryFlagsSize;
  header.key_size = static_cast<uint16_t>(key.size());
  header.value_size = static_cast<uint32_t>(value.size());
  header.cas = item.cas;
  const auto write_head = [&](LineWriter& line) {
    line = LineWriter(store_big(write_binary_header(line.at(), header), item.client_flags));
    line.text(key);
  };
  append_head_and_value(reply, kBinaryHeaderSize + kBinaryFlagsSize + key.size(), write_head, value,
                        "");
}

}  // namespace ember::protocol
