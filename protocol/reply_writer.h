// SPDX-License-Identifier: BSD-3-Clause
// reply_writer: the lines of replies, written straight into a ReplyBuffer. Not what to reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/numbers.h"
#include "protocol/command.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

inline constexpr std::string_view kLineEnd = "\r\n";

/// Copies `bytes` to `to`; returns the end.
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

/// `line` and the line end. Any length.
void write_line(ReplyBuffer& reply, std::string_view line);

/// The same for a line known when compiling, such as write_constant(reply, "STORED\r\n").
template <size_t Size>
void write_constant(ReplyBuffer& reply, const char (&line)[Size]) {
  std::memcpy(reply.reserve(Size - 1), line, Size - 1);
  reply.commit(Size - 1);
}

/// The answer to incr and decr.
void write_number_line(ReplyBuffer& reply, uint64_t number);

/// What stands in a VALUE line.
struct ValueLine {
  std::string_view key;
  uint32_t client_flags = 0;
  uint64_t size = 0;
  std::optional<uint64_t> cas;
};

/// "VALUE <key> <flags> <bytes>[ <cas>]\r\n"; the value and its line end are to follow.
void write_value_line(ReplyBuffer& reply, const ValueLine& line);

/// The line, a value in one piece of `line.size` bytes, and the line end.
void write_value(ReplyBuffer& reply, const ValueLine& line, const char* value);

/// "STAT <name> <value>\r\n"
void write_stat(ReplyBuffer& reply, std::string_view name, std::string_view value);
void write_stat(ReplyBuffer& reply, std::string_view name, uint64_t value);

/// One line of a meta reply: a code, then flags, each with a blank before it.
/// Needs room for all of it in one block: keys, opaque and numbers always fit.
class MetaLine {
 public:
  /// `code` such as "HD". The buffer must not be used otherwise until finish().
  MetaLine(ReplyBuffer& reply, std::string_view code);
  /// "VA <size>"
  MetaLine(ReplyBuffer& reply, uint64_t value_size);
  MetaLine(const MetaLine&) = delete;
  MetaLine& operator=(const MetaLine&) = delete;

  /// " <flag>"
  void add(char flag);
  /// " <flag><number>"
  void add(char flag, uint64_t number);
  void add_signed(char flag, int64_t number);
  /// " <flag><text>"
  void add(char flag, std::string_view text);

  /// The line end.
  void finish();

 private:
  ReplyBuffer& reply_;
  char* begin_;
  char* at_;
};

}  // namespace ember::protocol
