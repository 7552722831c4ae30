// SPDX-License-Identifier: BSD-3-Clause
// binary_reply: see the header.
#include "server/command/binary_reply.h"

#include "protocol/reply_writer.h"
#include "server/command/value_reply.h"

namespace ember::server::command {
namespace {

using protocol::BinaryReply;
using protocol::Command;
using protocol::kBinaryHeaderSize;
using protocol::ReplyBuffer;
using protocol::Status;
using protocol::write_bytes;

/// The client flags of an item, as extras.
constexpr size_t kFlagsSize = sizeof(uint32_t);

BinaryReply reply_to(const Command& command) {
  return {.opcode = command.binary.opcode, .opaque = command.binary.opaque};
}

/// A whole answer without extras. Keys and values here are short.
void append_answer(BinaryReply header, std::string_view key, std::string_view value,
                   ReplyBuffer& reply) {
  header.key_size = static_cast<uint16_t>(key.size());
  header.value_size = static_cast<uint32_t>(value.size());
  char* const start = reply.reserve(kBinaryHeaderSize);
  write_binary_header(start, header);
  reply.commit(kBinaryHeaderSize);
  reply.append(key);
  reply.append(value);
}

BinaryReply reply_with_flags(const Context& context, const Command& command,
                             const storage::Item& item) {
  BinaryReply header = reply_to(command);
  header.extra_size = kFlagsSize;
  header.cas = context.visible_cas(item.cas());
  return header;
}

}  // namespace

void answer_failure(const Command& command, Status status, ReplyBuffer& reply) {
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
  protocol::store_big(bytes, number);
  append_answer(header, {}, {bytes, sizeof(bytes)}, reply);
}

void answer_item(const Context& context, const Command& command, const storage::Item& item,
                 ReplyBuffer& reply) {
  BinaryReply header = reply_with_flags(context, command, item);
  const std::string_view key =
      command.key.substr(0, protocol::echoes_key(command.binary.opcode) ? command.key.size() : 0);
  header.key_size = static_cast<uint16_t>(key.size());
  header.value_size = static_cast<uint32_t>(item.value_size());
  const size_t head_size = kBinaryHeaderSize + kFlagsSize + key.size();
  const size_t whole_size = head_size + item.value_size();
  const bool one_piece = whole_size <= protocol::BlockPool::kBlockSize;
  char* const start = reply.reserve(one_piece ? whole_size : head_size);
  char* at = protocol::store_big(write_binary_header(start, header), item.client_flags());
  at = write_bytes(at, key);
  if (one_piece) {
    copy_value(context.store, item, at);
    reply.commit(whole_size);
    return;
  }
  reply.commit(head_size);
  append_value(context, item, reply);
}

void answer_miss(const Command& command, ReplyBuffer& reply) {
  if (command.noreply) {
    return;
  }
  if (!protocol::echoes_key(command.binary.opcode)) {
    answer_failure(command, Status::not_found, reply);
    return;
  }
  BinaryReply header = reply_to(command);
  header.status = Status::not_found;
  append_answer(header, command.key, {}, reply);
}

void answer_touched(const Context& context, const Command& command, const storage::Item& item,
                    ReplyBuffer& reply) {
  char* const start = reply.reserve(kBinaryHeaderSize + kFlagsSize);
  char* const flags = write_binary_header(start, reply_with_flags(context, command, item));
  protocol::store_big(flags, item.client_flags());
  reply.commit(kBinaryHeaderSize + kFlagsSize);
}

}  // namespace ember::server::command
