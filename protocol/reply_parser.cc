// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: the first word tells the kind, the kind what else is read.
#include "protocol/reply_parser.h"

#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

constexpr size_t kTerminatorSize = 2;

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

}  // namespace

ReplyParser::Step ReplyParser::parse(std::span<const char> input, Reply& reply) const {
  const char* begin = input.data();
  const char* end = begin + input.size();
  const bool may_be_long = input.size() > options_.max_line_size;
  const char* bound = may_be_long ? begin + options_.max_line_size : end;
  const char* line_end = find_byte(begin, bound, end, '\n');
  if (line_end == bound) {
    return {.consumed = 0, .stop = may_be_long ? Stop::broken : Stop::more_input};
  }
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
  const char* value = line_end + 1;
  const auto consumed = static_cast<size_t>(value - begin);
  if (!carries_value(reply.kind)) {
    return {.consumed = consumed, .stop = Stop::reply};
  }
  const size_t size = reply.value_size;
  if (static_cast<size_t>(end - value) < size + kTerminatorSize) {
    const bool wait = size <= options_.max_buffered_value;
    return {.consumed = wait ? 0 : consumed, .stop = wait ? Stop::more_input : Stop::value};
  }
  if (value[size] != '\r' || value[size + 1] != '\n') {
    return {.consumed = 0, .stop = Stop::broken};
  }
  reply.value = between(value, value + size);
  return {.consumed = consumed + size + kTerminatorSize, .stop = Stop::reply};
}

}  // namespace ember::protocol
