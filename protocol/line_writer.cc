// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/line_writer.h"

namespace ember::protocol {

void write_stat(ReplyBuffer& reply, std::string_view name, std::string_view value) {
  reply.append("STAT ");
  reply.append(name);
  reply.append(" ");
  reply.append(value);
  reply.append(kLineEnd);
}

void write_stat(ReplyBuffer& reply, std::string_view name, uint64_t value) {
  char digits[kMaxDecimalSize];
  const char* end = write_number(digits, value);
  write_stat(reply, name, std::string_view(digits, static_cast<size_t>(end - digits)));
}

}  // namespace ember::protocol
