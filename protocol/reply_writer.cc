// SPDX-License-Identifier: BSD-3-Clause
// reply_writer: lines of replies.
#include "protocol/reply_writer.h"

#include "protocol/meta_flags.h"

namespace ember::protocol {
namespace {

constexpr std::string_view kValueWord = "VALUE ";

/// The longest VALUE line.
constexpr size_t kValueLineBound =
    kValueWord.size() + kMaxKeySize + 3 * (1 + kMaxDecimalSize) + kLineEnd.size();

/// The longest meta line: every flag there is, each with a number, a key and an opaque.
constexpr size_t kMetaFlagCount = 32;
constexpr size_t kMetaLineBound = 2 * kMaxDecimalSize + kMetaFlagCount * (2 + kMaxDecimalSize) +
                                  2 * (2 + kMaxKeySize) + kLineEnd.size();

char* put_value_line(char* to, const ValueLine& line) {
  to = write_bytes(to, kValueWord);
  to = write_bytes(to, line.key);
  *to++ = ' ';
  to = write_number(to, line.client_flags);
  *to++ = ' ';
  to = write_number(to, line.size);
  if (line.cas) {
    *to++ = ' ';
    to = write_number(to, *line.cas);
  }
  return write_bytes(to, kLineEnd);
}

}  // namespace

void write_line(ReplyBuffer& reply, std::string_view line) {
  reply.append(line);
  reply.append(kLineEnd);
}

void write_number_line(ReplyBuffer& reply, uint64_t number) {
  char* begin = reply.reserve(kMaxDecimalSize + kLineEnd.size());
  char* end = write_bytes(write_number(begin, number), kLineEnd);
  reply.commit(static_cast<size_t>(end - begin));
}

void write_value_line(ReplyBuffer& reply, const ValueLine& line) {
  char* begin = reply.reserve(kValueLineBound);
  reply.commit(static_cast<size_t>(put_value_line(begin, line) - begin));
}

void write_value(ReplyBuffer& reply, const ValueLine& line, const char* value) {
  const size_t bound = kValueLineBound + line.size + kLineEnd.size();
  if (line.size > BlockPool::kBlockSize / 2) {
    write_value_line(reply, line);
    reply.append({value, line.size});
    reply.append(kLineEnd);
    return;
  }
  char* begin = reply.reserve(bound);
  char* end = put_value_line(begin, line);
  std::memcpy(end, value, line.size);
  end = write_bytes(end + line.size, kLineEnd);
  reply.commit(static_cast<size_t>(end - begin));
}

void write_stat(ReplyBuffer& reply, std::string_view name, std::string_view value) {
  reply.append("STAT ");
  reply.append(name);
  reply.append(" ");
  write_line(reply, value);
}

void write_stat(ReplyBuffer& reply, std::string_view name, uint64_t value) {
  char digits[kMaxDecimalSize];
  const char* end = write_number(digits, value);
  write_stat(reply, name, std::string_view(digits, static_cast<size_t>(end - digits)));
}

MetaLine::MetaLine(ReplyBuffer& reply, std::string_view code)
    : reply_(reply), begin_(reply.reserve(kMetaLineBound)), at_(write_bytes(begin_, code)) {}

MetaLine::MetaLine(ReplyBuffer& reply, uint64_t value_size) : MetaLine(reply, "VA ") {
  at_ = write_number(at_, value_size);
}

void MetaLine::add(char flag) {
  *at_++ = ' ';
  *at_++ = flag;
}

void MetaLine::add(char flag, uint64_t number) {
  add(flag);
  at_ = write_number(at_, number);
}

void MetaLine::add_signed(char flag, int64_t number) {
  add(flag);
  at_ = write_i64(at_, number);
}

void MetaLine::add(char flag, std::string_view text) {
  add(flag);
  at_ = write_bytes(at_, text);
}

void MetaLine::finish() {
  at_ = write_bytes(at_, kLineEnd);
  reply_.commit(static_cast<size_t>(at_ - begin_));
}

}  // namespace ember::protocol
