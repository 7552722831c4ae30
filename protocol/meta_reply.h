// SPDX-License-Identifier: BSD-3-Clause
// meta_reply: the lines of the answers to meta commands: a code, then the flags asked for, in the
// order asked. Not the tokens of flags that tell of an item: whoever has the item writes those.
//
// Cost: everything is inline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/command.h"
#include "protocol/line_writer.h"

namespace ember::protocol {

/// The longest answer line to `command`: code, size, every return flag and its token, and the
/// marks W, X, Z. At most a few hundred bytes beside key and opaque token.
inline size_t max_meta_line(const Command& command) {
  constexpr size_t kCodeAndSize = 3 + kMaxDecimalSize;
  constexpr size_t kNumberFlags = size_t{9} * (2 + kMaxDecimalSize);  // c f h l s t v and spares
  constexpr size_t kMarks = size_t{3} * 2 + kLineEnd.size();
  return kCodeAndSize + kNumberFlags + kMarks + 4 + command.key_text.size() + 2 +
         command.meta.opaque.size();
}

/// Calls visit(letter) for each flag, once, in the order sent. The flags of me may repeat and may
/// be no letters; those are passed over.
template <typename Visit>
void each_flag(const MetaFlags& flags, const Visit& visit) {
  uint64_t visited = 0;
  bool at_start = true;
  for (const char byte : flags.text) {
    if (at_start && byte >= 'A' && byte <= 'z') {
      const uint64_t bit = uint64_t{1} << (byte - 'A');
      if ((visited & bit) == 0) {
        visited |= bit;
        visit(byte);
      }
    }
    at_start = byte == ' ';
  }
}

/// Echoes k (with b behind it when the key came in base64) and O; other flags are left to the
/// caller.
inline void echo_flag(const Command& command, char flag, LineWriter& line) {
  if (flag == 'k') {
    line.flag('k').text(command.key_text);
    if (command.meta.has('b')) {
      line.flag('b');
    }
  } else if (flag == 'O') {
    line.flag('O').text(command.meta.opaque);
  }
}

/// "VA <size>": the code of a line that a value follows.
inline LineWriter& write_value_code(uint64_t value_size, LineWriter& line) {
  return line.text("VA ").number(value_size);
}

/// A one-line answer: `code`, then what write_flag(flag, line) and echo_flag make of each flag.
/// Requires: `code` is of two letters, as all are.
template <typename WriteFlag>
void append_meta_line(const Command& command, std::string_view code, const WriteFlag& write_flag,
                      ReplyBuffer& reply) {
  debug_check(code.size() == 2, "the code of a meta answer is two letters");
  append_written(reply, max_meta_line(command), [&](LineWriter& line) {
    line.text(code);
    each_flag(command.meta, [&](char flag) {
      echo_flag(command, flag, line);
      write_flag(flag, line);
    });
    line.end_line();
  });
}

/// A one-line answer that only echoes.
inline void append_meta_line(const Command& command, std::string_view code, ReplyBuffer& reply) {
  append_meta_line(command, code, [](char, LineWriter&) {}, reply);
}

}  // namespace ember::protocol
