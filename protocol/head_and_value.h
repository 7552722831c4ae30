// SPDX-License-Identifier: BSD-3-Clause
// head_and_value: the answers that carry a value: a head (a VALUE or VA line, a binary header), the
// value, and what ends it. All of it in one block where it fits, so that a small hit is one reserve
// and one commit; a large value is appended by its owner, who may refer to it instead of copying.
// Not what is in a head: classic_reply.h, meta_reply.h, binary_reply.h. Not where values lie.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

#include "base/check.h"
#include "protocol/line_writer.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

/// A value that can put itself into a reply.
template <typename Value>
concept ReplyValue = requires(const Value& value, char* to, ReplyBuffer& reply) {
  { value.size() } -> std::convertible_to<size_t>;
  /// Copies all of it to `to`, which has room; returns the end.
  { value.copy_to(to) } -> std::same_as<char*>;
  /// Appends all of it, whatever its size.
  value.append_to(reply);
};

/// A value that lies in one part, and is copied.
struct FlatValue {
  std::string_view bytes;

  size_t size() const { return bytes.size(); }
  char* copy_to(char* to) const { return write_bytes(to, bytes); }
  void append_to(ReplyBuffer& reply) const { reply.append(bytes); }
};

/// Appends a head, `value` and `end`. write_head(line) writes the head, of at most `head_room`
/// bytes, to a LineWriter. Requires: head_room is at most a block's size.
template <typename WriteHead, ReplyValue Value>
void append_head_and_value(ReplyBuffer& reply, size_t head_room, const WriteHead& write_head,
                           const Value& value, std::string_view end) {
  const size_t room = head_room + value.size() + end.size();
  if (room <= BlockPool::kBlockSize) {
    // Without append_written: through its closure, g++ copies `end` by a call, on every get.
    char* const start = reply.reserve(room);
    LineWriter line(start);
    write_head(line);
    char* const value_end = value.copy_to(line.at());
    debug_check(value_end == line.at() + value.size(), "a value is as long as it says");
    const auto size = static_cast<size_t>(LineWriter(value_end).text(end).at() - start);
    debug_check(size <= room, "a reply is no longer than the room reserved for it");
    reply.commit(size);
    return;
  }
  append_written(reply, head_room, write_head);
  value.append_to(reply);
  reply.append(end);
}

}  // namespace ember::protocol
