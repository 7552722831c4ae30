// SPDX-License-Identifier: BSD-3-Clause
// meta_flags: letters, tokens, and memcached's words for what is wrong with them.
#include "protocol/meta_flags.h"

#include "base/check.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

constexpr uint64_t bit(char letter) { return uint64_t{1} << (letter - 'A'); }

constexpr uint64_t bits(std::string_view letters) {
  uint64_t all = 0;
  for (const char letter : letters) {
    all |= bit(letter);
  }
  return all;
}

/// Every flag of any meta command: memcached accepts one where it has no meaning, too.
constexpr uint64_t kKnownFlags = bits("CDEFIJLMNOPRTbcfhklqstuvx");

constexpr char kFirstNonAscii = 0x7f;

constexpr std::string_view kInvalidFlag = "CLIENT_ERROR invalid flag";
constexpr std::string_view kDuplicateFlag = "CLIENT_ERROR duplicate flag";
constexpr std::string_view kInvalidOrDuplicate = "CLIENT_ERROR invalid or duplicate flag";
constexpr std::string_view kBadToken = "CLIENT_ERROR bad token in command line format";

/// memcached's md and ma have one message for whatever is wrong.
bool has_one_message(Verb verb) { return verb == Verb::md || verb == Verb::ma; }

/// Empty if `letter` may follow the flags seen.
std::string_view check_letter(char letter, uint64_t seen) {
  if (letter < 0 || letter == kFirstNonAscii) {
    return kDuplicateFlag;  // what memcached says to bytes that are no ASCII
  }
  if (letter < 'A' || (kKnownFlags & bit(letter)) == 0) {
    return kInvalidFlag;
  }
  return (seen & bit(letter)) != 0 ? kDuplicateFlag : std::string_view();
}

MetaMode set_mode(char letter) {
  switch (letter | 0x20) {
    case 's':
      return MetaMode::set;
    case 'e':
      return MetaMode::add;
    case 'a':
      return MetaMode::append;
    case 'p':
      return MetaMode::prepend;
    case 'r':
      return MetaMode::replace;
    default:
      return MetaMode::unset;
  }
}

MetaMode arithmetic_mode(char letter) {
  switch (letter) {
    case 'I':
    case 'i':
    case '+':
      return MetaMode::incr;
    case 'D':
    case 'd':
    case '-':
      return MetaMode::decr;
    default:
      return MetaMode::unset;
  }
}

std::string_view read_unsigned_token(std::string_view token, uint64_t& number,
                                     std::string_view error) {
  return read_unsigned(token, number) ? std::string_view() : error;
}

std::string_view read_ttl(std::string_view token, int64_t& ttl) {
  return read_signed(token, ttl) ? std::string_view() : kBadToken;
}

/// Reads the token of one flag that has one; returns what is wrong with it.
std::string_view read_token(char letter, std::string_view token, MetaFlags& flags) {
  uint64_t number = 0;
  std::string_view error;
  switch (letter) {
    case 'C':
      return read_unsigned_token(token, flags.cas_compare, kBadToken);
    case 'E':
      return read_unsigned_token(token, flags.cas_new, kBadToken);
    case 'D':
      return read_unsigned_token(token, flags.delta, "CLIENT_ERROR invalid numeric delta value");
    case 'J':
      return read_unsigned_token(token, flags.initial,
                                 "CLIENT_ERROR invalid numeric initial value");
    case 'F':
      error = read_unsigned_token(token, number, "CLIENT_ERROR bad command line format");
      flags.client_flags = static_cast<uint32_t>(number);  // as memcached: the low 32 bits
      return error;
    case 'T':
      return read_ttl(token, flags.ttl);
    case 'N':
      return read_ttl(token, flags.vivify_ttl);
    case 'R':
      return read_ttl(token, flags.recache_ttl);
    case 'M':
      return token.size() == 1 ? std::string_view()
                               : std::string_view("CLIENT_ERROR incorrect length for M token");
    case 'O':
      flags.opaque = token;
      return {};
    default:
      return {};
  }
}

/// What is checked once every token reads: the mode, then the size of the opaque.
std::string_view check_mode_and_opaque(Verb verb, char mode_letter, MetaFlags& flags) {
  if (flags.has('M') && verb == Verb::ms) {
    flags.mode = set_mode(mode_letter);
    if (flags.mode == MetaMode::unset) {
      return "CLIENT_ERROR invalid mode for ms M token";
    }
  }
  if (flags.has('M') && verb == Verb::ma) {
    flags.mode = arithmetic_mode(mode_letter);
    if (flags.mode == MetaMode::unset) {
      return "CLIENT_ERROR invalid mode for ma M token";
    }
  }
  if (flags.opaque.size() >= kMaxOpaqueSize) {
    return "CLIENT_ERROR opaque token too long";
  }
  return {};
}

void reset(MetaFlags& flags, std::string_view text) {
  flags.text = text;
  flags.seen = 0;
  flags.opaque = {};
  flags.delta = 1;
  flags.initial = 0;
  flags.mode = MetaMode::unset;
}

}  // namespace

MetaFlagErrors parse_meta_flags(Verb verb, std::string_view text, size_t words_before,
                                const char* limit, MetaFlags& flags) {
  reset(flags, text);
  MetaFlagErrors errors;
  Words words(text.data(), text.data() + text.size(), limit);
  size_t count = words_before;
  char mode_letter = 0;
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    ++count;
    if (!errors.letter.empty()) {
      continue;  // only counted
    }
    const char letter = word[0];
    errors.letter = check_letter(letter, flags.seen);
    if (!errors.letter.empty()) {
      continue;
    }
    flags.seen |= bit(letter);
    // Small letters have no tokens: what stands behind one is ignored.
    if (errors.token.empty() && letter < 'a') {
      errors.token = read_token(letter, word.substr(1), flags);
      mode_letter = letter == 'M' && word.size() > 1 ? word[1] : mode_letter;
    }
  }
  debug_check(count >= words_before, "words are counted up");
  if (count >= kTooManyMetaWords) {
    errors.letter = verb == Verb::mg ? "CLIENT_ERROR options flags are too long"
                                     : "CLIENT_ERROR options flags too long";
    return errors;
  }
  if (has_one_message(verb)) {
    errors.letter = errors.letter.empty() ? errors.letter : kInvalidOrDuplicate;
    errors.token = errors.token.empty() ? errors.token : kInvalidOrDuplicate;
  }
  if (errors.token.empty()) {
    errors.token = check_mode_and_opaque(verb, mode_letter, flags);
  }
  return errors;
}

}  // namespace ember::protocol
