// SPDX-License-Identifier: BSD-3-Clause
// LineWriter: writes a reply line into reserved bytes. It does not check room: whoever makes one
// reserved enough for the longest line it writes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/numbers.h"
#include "protocol/reply_buffer.h"
#include "protocol/reply_writer.h"

namespace ember::protocol {

class LineWriter {
 public:
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
  /// A meta return flag: a blank and its letter; its token follows.
  LineWriter& flag(char which) { return letter(' ').letter(which); }
  LineWriter& end_line() { return text(kLineEnd); }

  char* at() const { return at_; }

 private:
  char* at_;
};

/// A whole reply that is one constant line, without its end.
inline void append_line(ReplyBuffer& reply, std::string_view line) {
  char* const start = reply.reserve(line.size() + kLineEnd.size());
  LineWriter(start).text(line).end_line();
  reply.commit(line.size() + kLineEnd.size());
}

}  // namespace ember::protocol
