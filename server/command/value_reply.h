// SPDX-License-Identifier: BSD-3-Clause
// value_reply: an item's value as part of a reply: copied when small, sent from where it lies when
// large.
#pragma once

#include <cstddef>

#include "protocol/line_writer.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "storage/store.h"

namespace ember::server::command {

/// Values from this size are sent without a copy. Below, pinning and a segment of its own cost
/// more than copying does.
inline constexpr size_t kReferenceSize = 16 * kKiB;

/// Copies the value to `to`, which has room; returns the end.
char* copy_value(const storage::Store& store, const storage::Item& item, char* to);

/// Appends a value of any size, by reference if it is large and the store can spare it.
void append_value(const Context& context, const storage::Item& item, protocol::ReplyBuffer& reply);

/// Appends a line, the value and its line end. `write_head` writes the line, of at most
/// `head_size` bytes, to a LineWriter.
template <typename WriteHead>
void append_line_and_value(const Context& context, const storage::Item& item, size_t head_size,
                           const WriteHead& write_head, protocol::ReplyBuffer& reply) {
  const size_t whole_size = head_size + item.value_size() + protocol::kLineEnd.size();
  if (whole_size <= protocol::BlockPool::kBlockSize) {
    char* const start = reply.reserve(whole_size);
    protocol::LineWriter line(start);
    write_head(line);
    char* const end = copy_value(context.store, item, line.at());
    reply.commit(static_cast<size_t>(protocol::LineWriter(end).end_line().at() - start));
    return;
  }
  char* const start = reply.reserve(head_size);
  protocol::LineWriter line(start);
  write_head(line);
  reply.commit(static_cast<size_t>(line.at() - start));
  append_value(context, item, reply);
  reply.append(protocol::kLineEnd);
}

}  // namespace ember::server::command
