// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/binary_reply.h"

#include "protocol/line_writer.h"

namespace ember::protocol {
namespace {

/// Returns `bytes`, or an empty text where there are none: memcpy takes no null pointer.
std::string_view not_null(std::string_view bytes) {
  return bytes.data() == nullptr ? std::string_view("") : bytes;
}

/// A whole answer without extras.
void append_answer(BinaryReply header, std::string_view key, std::string_view value,
                   ReplyBuffer& reply) {
  debug_check(key.size() <= kMaxKeySize, "the key of an answer is a key, or the name of a figure");
  debug_check(value.size() <= UINT32_MAX - key.size(), "a body's size is a number of 32 bits");
  header.key_size = static_cast<uint16_t>(key.size());
  header.value_size = static_cast<uint32_t>(value.size());
  const auto write_head = [&](LineWriter& line) {
    line = LineWriter(write_binary_header(line.at(), header)).text(not_null(key));
  };
  append_head_and_value(reply, kBinaryHeaderSize + key.size(), write_head,
                        FlatValue{not_null(value)}, "");
}

}  // namespace

void answer_failure(const Command& command, Status status, ReplyBuffer& reply) {
  debug_check(status != Status::success, "a failure has a status");
  BinaryReply header = reply_to(command);
  header.status = status;
  append_answer(header, {}, text_of(status), reply);
}

void answer_success(const Command& command, uint64_t cas, ReplyBuffer& reply) {
  if (command.noreply) {
    return;
  }
  BinaryReply header = reply_to(command);
  header.cas = cas;
  append_answer(header, {}, {}, reply);
}

void answer_with(const Command& command, std::string_view key, std::string_view value,
                 ReplyBuffer& reply) {
  append_answer(reply_to(command), key, value, reply);
}

void answer_number(const Command& command, uint64_t number, uint64_t cas, ReplyBuffer& reply) {
  if (command.noreply) {
    return;
  }
  BinaryReply header = reply_to(command);
  header.cas = cas;
  char bytes[sizeof(number)];
  store_big(bytes, number);
  append_answer(header, {}, {bytes, sizeof(bytes)}, reply);
}

void answer_miss(const Command& command, ReplyBuffer& reply) {
  if (command.noreply) {
    return;
  }
  if (!echoes_key(command.binary.opcode)) {
    answer_failure(command, Status::not_found, reply);
    return;
  }
  BinaryReply header = reply_to(command);
  header.status = Status::not_found;
  append_answer(header, command.key, {}, reply);
}

void answer_touched(const Command& command, const BinaryItem& item, ReplyBuffer& reply) {
  BinaryReply header = reply_to(command);
  header.extra_size = kBinaryFlagsSize;
  header.cas = item.cas;
  append_written(reply, kBinaryHeaderSize + kBinaryFlagsSize, [&](LineWriter& line) {
    line = LineWriter(store_big(write_binary_header(line.at(), header), item.client_flags));
  });
}

}  // namespace ember::protocol
