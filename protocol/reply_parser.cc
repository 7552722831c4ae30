// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: the first word tells the kind, the kind what else is read.
#include "protocol/reply_parser.h"

#include <algorithm>

#include "base/check.h"
#include "protocol/line_writer.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

ReplyKind long_kind_of(std::string_view word) {
  if (word == "NOT_FOUND") {
    return ReplyKind::not_found;
  }
  if (word == "NOT_STORED") {
    return ReplyKind::not_stored;
  }
  if (word == "CLIENT_ERROR") {
    return ReplyKind::client_error;
  }
  return word == "SERVER_ERROR" ? ReplyKind::server_error : ReplyKind::other;
}

ReplyKind kind_of(std::string_view word, const char* limit) {
  if (word.size() > kPackedSize) {
    return long_kind_of(word);
  }
  switch (pack(word, limit)) {
    case pack("VALUE"):
      return ReplyKind::value;
    case pack("END"):
      return ReplyKind::end;
    case pack("STORED"):
      return ReplyKind::stored;
    case pack("HD"):
      return ReplyKind::meta_done;
    case pack("VA"):
      return ReplyKind::meta_value;
    case pack("EN"):
      return ReplyKind::meta_miss;
    case pack("NF"):
      return ReplyKind::meta_not_found;
    case pack("NS"):
      return ReplyKind::meta_not_stored;
    case pack("EX"):
      return ReplyKind::meta_exists;
    case pack("MN"):
      return ReplyKind::meta_noop;
    case pack("ME"):
      return ReplyKind::meta_debug;
    case pack("EXISTS"):
      return ReplyKind::exists;
    case pack("DELETED"):
      return ReplyKind::deleted;
    case pack("TOUCHED"):
      return ReplyKind::touched;
    case pack("OK"):
      return ReplyKind::ok;
    case pack("STAT"):
      return ReplyKind::stat;
    case pack("RESET"):
      return ReplyKind::reset;
    case pack("VERSION"):
      return ReplyKind::version;
    case pack("ERROR"):
      return ReplyKind::error;
    default:
      return ReplyKind::other;
  }
}

bool read_size(std::string_view word, uint64_t& size) {
  return read_unsigned(word, size) && size <= INT64_MAX;
}

/// Reads what follows the first word; false if it does not fit the kind.
bool read_words(Words& words, Reply& reply) {
  switch (reply.kind) {
    case ReplyKind::value: {
      reply.key = words.next();
      uint64_t client_flags = 0;
      if (!read_unsigned(words.next(), client_flags) || client_flags > UINT32_MAX ||
          !read_size(words.next(), reply.value_size)) {
        return false;
      }
      reply.client_flags = static_cast<uint32_t>(client_flags);
      const std::string_view cas = words.next();
      reply.has_cas = !cas.empty();
      return cas.empty() || read_unsigned(cas, reply.number);
    }
    case ReplyKind::meta_value:
      if (!read_size(words.next(), reply.value_size)) {
        return false;
      }
      break;
    case ReplyKind::stat:
    case ReplyKind::meta_debug:
      reply.key = words.next();
      break;
    default:
      break;
  }
  reply.arguments = words.rest();
  return true;
}

/// The digits at `at`, as a number; returns their end. Null: there are none, or too many to be sure
/// of 64 bits.
const char* read_digits(const char* at, const char* end, uint64_t& number) {
  constexpr ptrdiff_t kSafeDigits = 19;
  const char* const begin = at;
  uint64_t value = 0;
  for (; at != end; ++at) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) {
      break;
    }
    value = value * 10 + digit;
  }
  number = value;
  return at != begin && at - begin <= kSafeDigits ? at : nullptr;
}

/// The byte behind the line end at `at`; null if there is none.
const char* behind_line_end(const char* at, const char* end) {
  const bool ends = end - at >= 2 && at[0] == '\r' && at[1] == '\n';
  return ends ? at + kLineEnd.size() : nullptr;
}

void set_line(Reply& reply, ReplyKind kind, const char* begin, const char* behind) {
  reply = Reply{};
  reply.kind = kind;
  reply.line = between(begin, behind - kLineEnd.size());
}

/// The replies that a load is made of, in one pass: "VALUE <key> <flags> <bytes>\r\n" and "VA
/// <bytes>\r\n". Returns where the value begins; null: the line is another, odd or not all there.
const char* read_plain_value(const char* begin, const char* end, Reply& reply) {
  constexpr std::string_view kValue = "VALUE ";
  constexpr std::string_view kMetaValue = "VA ";
  const std::string_view input = between(begin, end);
  uint64_t size = 0;
  if (input.starts_with(kMetaValue)) {
    const char* const at = read_digits(begin + kMetaValue.size(), end, size);
    const char* const value = at == nullptr ? nullptr : behind_line_end(at, end);
    if (value != nullptr && size <= INT64_MAX) {
      set_line(reply, ReplyKind::meta_value, begin, value);
      reply.value_size = size;
      return value;
    }
    return nullptr;
  }
  if (!input.starts_with(kValue)) {
    return nullptr;
  }
  const char* const key = begin + kValue.size();
  const char* const key_end = find_blank_or_control(key, end);
  if (key_end == end || *key_end != ' ' || key_end == key) {
    return nullptr;
  }
  uint64_t flags = 0;
  const char* at = read_digits(key_end + 1, end, flags);
  if (at == nullptr || at == end || *at != ' ' || flags > UINT32_MAX) {
    return nullptr;
  }
  at = read_digits(at + 1, end, size);
  const char* const value = at == nullptr ? nullptr : behind_line_end(at, end);
  if (value == nullptr || size > INT64_MAX) {
    return nullptr;
  }
  set_line(reply, ReplyKind::value, begin, value);
  reply.key = between(key, key_end);
  reply.client_flags = static_cast<uint32_t>(flags);
  reply.value_size = size;
  return value;
}

/// The whole lines that a load is made of, by a comparison or two: END, EN, STORED, HD. Returns the
/// line's end; null if it is none of them. Requires: input is not empty.
const char* read_plain_line(std::string_view input, Reply& reply) {
  const auto take = [&](std::string_view line, ReplyKind kind) -> const char* {
    if (!input.starts_with(line)) {
      return nullptr;
    }
    set_line(reply, kind, input.data(), input.data() + line.size());
    return input.data() + line.size();
  };
  switch (input[0]) {
    case 'S':
      return take("STORED\r\n", ReplyKind::stored);
    case 'H':
      return take("HD\r\n", ReplyKind::meta_done);
    case 'E':
      return input.starts_with("END") ? take("END\r\n", ReplyKind::end)
                                      : take("EN\r\n", ReplyKind::meta_miss);
    default:
      return nullptr;
  }
}

}  // namespace

ReplyParser::Step ReplyParser::parse(std::span<const char> input, Reply& reply) {
  if (value_left_ != 0) [[unlikely]] {
    debug_check(carries_value(reply.kind), "the parts of a value go to the reply that began it");
    return value_left_ > kLineEnd.size() ? take_part(input, reply) : end_value(input, reply);
  }
  if (input.empty()) {
    return {};
  }
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  if (*begin == 'V') {
    const char* const value = read_plain_value(begin, end, reply);
    if (value != nullptr && static_cast<size_t>(value - begin) <= options_.max_line_size) {
      return take_value(begin, value, end, reply);
    }
  } else if (const char* const behind = read_plain_line(between(begin, end), reply)) {
    return {.consumed = static_cast<size_t>(behind - begin), .stop = Stop::reply};
  }
  return take_line(begin, end, reply);
}

/// Any line, word by word.
ReplyParser::Step ReplyParser::take_line(const char* begin, const char* end, Reply& reply) {
  const bool may_be_long = static_cast<size_t>(end - begin) > options_.max_line_size;
  const char* bound = may_be_long ? begin + options_.max_line_size : end;
  const char* line_end = find_byte(begin, bound, end, '\n');
  if (line_end == bound) {
    return {.consumed = 0, .stop = may_be_long ? Stop::broken : Stop::more_input};
  }
  debug_check(line_end < end, "a line ends in the input");
  const char* words_end = line_end > begin && line_end[-1] == '\r' ? line_end - 1 : line_end;
  reply = Reply{};
  reply.line = between(begin, words_end);
  Words words(begin, words_end, end);
  const std::string_view word = words.next();
  reply.kind = kind_of(word, end);
  if (reply.kind == ReplyKind::other && read_unsigned(word, reply.number)) {
    reply.kind = ReplyKind::number;
  }
  if (!read_words(words, reply)) {
    return {.consumed = 0, .stop = Stop::broken};
  }
  if (carries_value(reply.kind)) {
    return take_value(begin, line_end + 1, end, reply);
  }
  return {.consumed = static_cast<size_t>(line_end + 1 - begin), .stop = Stop::reply};
}

/// The value of the line in `reply`, which begins at `value`.
ReplyParser::Step ReplyParser::take_value(const char* begin, const char* value, const char* end,
                                          Reply& reply) {
  debug_check(begin < value && value <= end, "a value begins behind its line, in the input");
  const auto head_size = static_cast<size_t>(value - begin);
  const size_t size = reply.value_size;
  if (static_cast<size_t>(end - value) < size + kLineEnd.size()) {
    if (size <= options_.max_buffered_value) {
      return {.consumed = 0, .stop = Stop::more_input};
    }
    value_left_ = size + kLineEnd.size();
    return {.consumed = head_size, .stop = Stop::value_begins};
  }
  if (value[size] != '\r' || value[size + 1] != '\n') {
    return {.consumed = 0, .stop = Stop::broken};
  }
  reply.value = between(value, value + size);
  return {.consumed = head_size + size + kLineEnd.size(), .stop = Stop::reply};
}

/// The next part of a value.
ReplyParser::Step ReplyParser::take_part(std::span<const char> input, Reply& reply) {
  if (input.empty()) {
    return {};
  }
  const size_t size = std::min<uint64_t>(input.size(), value_left_ - kLineEnd.size());
  reply.line = reply.key = reply.arguments = {};
  reply.value = {input.data(), size};
  value_left_ -= size;
  debug_check(value_left_ >= kLineEnd.size(), "a part does not reach into the line end");
  return {.consumed = size, .stop = Stop::value_part};
}

/// The line end behind the parts of a value; its two bytes may come one by one.
ReplyParser::Step ReplyParser::end_value(std::span<const char> input, Reply& reply) {
  debug_check(value_left_ > 0 && value_left_ <= kLineEnd.size(), "only the line end is left");
  Step step;
  reply.line = reply.key = reply.arguments = reply.value = {};
  for (const char byte : input.first(std::min<uint64_t>(input.size(), value_left_))) {
    if (byte != kLineEnd[kLineEnd.size() - value_left_]) {
      return {.consumed = step.consumed, .stop = Stop::broken};
    }
    ++step.consumed;
    --value_left_;
  }
  step.stop = value_left_ == 0 ? Stop::reply : Stop::more_input;
  return step;
}

}  // namespace ember::protocol
