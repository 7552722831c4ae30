// SPDX-License-Identifier: BSD-3-Clause
// LineWriter: bytes, numbers and flags into room that was reserved for them; and the lines that
// every dialect of replies has: a constant one, and a STAT. The one writer of all text on the wire:
// replies (classic_reply.h, meta_reply.h) and requests (request_writer.h) are made of it. Not what
// to say.
//
// Ownership: a LineWriter borrows its room. What ReplyBuffer::reserve gave is valid until the
// buffer's next call.
// Cost: everything is inline; nothing is allocated, and nothing checks the room byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

inline constexpr std::string_view kLineEnd = "\r\n";

/// Copies `bytes` to `to`; returns the end. Requires: `bytes` is not null, even when empty.
inline char* write_bytes(char* to, std::string_view bytes) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

/// `number` in decimal; returns the end. Small numbers, the most by far, take no division loop.
inline char* write_number(char* to, uint64_t number) {
  if (number < 10) {
    *to = static_cast<char>('0' + number);
    return to + 1;
  }
  return write_u64(to, number);
}

class LineWriter {
 public:
  /// Requires: `at` has room for everything that will be written.
  explicit LineWriter(char* at) : at_(at) {}

  LineWriter& text(std::string_view bytes) {
    at_ = write_bytes(at_, bytes);
    return *this;
  }
  LineWriter& letter(char byte) {
    *at_++ = byte;
    return *this;
  }
  LineWriter& number(uint64_t value) {
    at_ = write_number(at_, value);
    return *this;
  }
  LineWriter& signed_number(int64_t value) {
    at_ = write_i64(at_, value);
    return *this;
  }
  /// A meta flag: a blank and its letter; its token follows.
  LineWriter& flag(char which) { return letter(' ').letter(which); }
  LineWriter& end_line() { return text(kLineEnd); }

  /// Returns where the next byte goes.
  char* at() const { return at_; }

 private:
  char* at_;
};

/// Appends what write(line) writes to a LineWriter. Requires: that is at most `room` bytes, which
/// are at most a block's. Returns how many it were.
template <typename Write>
size_t append_written(ReplyBuffer& reply, size_t room, const Write& write) {
  char* const start = reply.reserve(room);
  LineWriter line(start);
  write(line);
  const auto size = static_cast<size_t>(line.at() - start);
  debug_check(size <= room, "a reply is no longer than the room reserved for it");
  reply.commit(size);
  return size;
}

/// A whole reply that is one line, given without its end. Requires: it fits a block.
inline void append_line(ReplyBuffer& reply, std::string_view line) {
  append_written(reply, line.size() + kLineEnd.size(),
                 [line](LineWriter& writer) { writer.text(line).end_line(); });
}

/// "STAT <name> <value>\r\n", of any length.
void write_stat(ReplyBuffer& reply, std::string_view name, std::string_view value);
void write_stat(ReplyBuffer& reply, std::string_view name, uint64_t value);

}  // namespace ember::protocol
