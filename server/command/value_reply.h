// SPDX-License-Identifier: BSD-3-Clause
// value_reply: an item's value as part of a reply: copied when small, sent from where it lies when
// large. Not the lines around it.
#pragma once

#include <cstddef>

#include "protocol/head_and_value.h"
#include "protocol/line_writer.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "storage/store.h"

namespace ember::server::command {

/// Values from this size are sent without a copy. Below, pinning and a segment of its own cost
/// more than copying does.
inline constexpr size_t kReferenceSize = 16 * kKiB;

/// The value of an item of the store (protocol::ReplyValue).
/// Requires: the item stays valid while this is used (the caller has not quiesced since it found
/// it).
class ItemValue {
 public:
  ItemValue(const Context& context, const storage::Item& item) : context_(context), item_(item) {}

  size_t size() const { return item_.value_size(); }
  /// Copies the value to `to`, which has room; returns the end.
  char* copy_to(char* to) const;
  /// Appends a value of any size, by reference if it is large and the store can spare it.
  void append_to(protocol::ReplyBuffer& reply) const;

 private:
  const Context& context_;
  const storage::Item& item_;
};

/// Appends a line, the value and its line end. `write_head` writes the line, of at most
/// `head_size` bytes, to a LineWriter.
template <typename WriteHead>
void append_line_and_value(const Context& context, const storage::Item& item, size_t head_size,
                           const WriteHead& write_head, protocol::ReplyBuffer& reply) {
  append_head_and_value(reply, head_size, write_head, ItemValue(context, item), protocol::kLineEnd);
}

}  // namespace ember::server::command
