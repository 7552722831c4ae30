// SPDX-License-Identifier: BSD-3-Clause
// Lines of the meta commands: key, length, flags. Orders of checks are memcached's.
#include "base/check.h"
#include "protocol/base64.h"
#include "protocol/meta_flags.h"
#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

Line refuse(Command& command, std::string_view error, Line follows) {
  command.verb = Verb::invalid;
  command.error = error;
  command.key = command.key_text = {};
  return follows;
}

/// me takes any flags and reads only b.
void parse_debug_flags(std::string_view text, const char* limit, MetaFlags& flags) {
  flags = {};
  flags.text = text;
  Words words(text.data(), text.data() + text.size(), limit);
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (word[0] == 'b') {
      flags.seen |= uint64_t{1} << ('b' - 'A');
    }
  }
}

std::string_view key_error(Verb verb) {
  switch (verb) {
    case Verb::me:
      return kBadLine;
    case Verb::md:
    case Verb::ma:
      return "CLIENT_ERROR invalid or duplicate flag";
    default:
      return "CLIENT_ERROR error decoding key";
  }
}

bool decode_key(Command& command, char* scratch) {
  const auto size = decode_base64(command.key_text, scratch);
  if (size) {
    debug_check(*size <= kMaxKeySize, "a decoded key fits the scratch");
    command.key = {scratch, *size};
  }
  return size.has_value();
}

}  // namespace

Line parse_meta_line(Verb verb, Words words, Command& command, char* scratch) {
  reset(command, verb);
  if (verb == Verb::mn) {
    command.meta = {};
    return Line::complete;  // whatever else is on the line
  }
  const std::string_view key = words.next();
  if (key.empty()) {
    return refuse(command, verb == Verb::me ? kBadLine : kError, Line::complete);
  }
  Line follows = Line::complete;
  size_t words_before = 2;
  if (verb == Verb::ms) {
    int64_t size = 0;
    if (!read_signed(words.next(), size) || size < 0 || size > kMaxAnnouncedSize) {
      return refuse(command, kBadLine, Line::complete);
    }
    command.value_size = static_cast<uint64_t>(size);
    follows = Line::refused_value;  // until the line proves sound
    ++words_before;
  }
  debug_check(follows == Line::complete || verb == Verb::ms, "only ms has a value");
  if (key.size() > kMaxKeySize) {
    return refuse(command, kBadLine, follows);
  }
  command.key = command.key_text = key;
  MetaFlagErrors errors;
  if (verb == Verb::me) {
    parse_debug_flags(words.rest(), words.limit(), command.meta);
  } else {
    errors = parse_meta_flags(verb, words.rest(), words_before, words.limit(), command.meta);
  }
  if (!errors.letter.empty()) {
    return refuse(command, errors.letter, follows);
  }
  if (command.meta.has('b') && !decode_key(command, scratch)) {
    return refuse(command, key_error(verb), follows);
  }
  if (!errors.token.empty()) {
    return refuse(command, errors.token, follows);
  }
  return verb == Verb::ms ? Line::storage : Line::complete;
}

}  // namespace ember::protocol
