// SPDX-License-Identifier: BSD-3-Clause
// tokenizer: lines, words and numbers of the text protocols, for requests and replies alike. Not
// what the words mean.
//
// Only the blank (0x20) separates words, as in memcached: a tab is part of a word.
// Bytes are searched a block (byte_block.h) at a time. A search may look at bytes behind its end,
// up to `limit`, the end of what is readable, and never behind that. Ownership: words are views
// into the line, and live as long as it does.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "protocol/byte_block.h"

namespace ember::protocol {

inline std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

/// The first `wanted` in [at, end), or `end`. Requires: [at, limit) is readable and end <= limit.
/// `Block` is only named to test its twins.
template <typename Block = ByteBlock>
inline const char* find_byte(const char* at, const char* end, const char* limit, char wanted) {
  debug_check(at <= end && end <= limit, "a search ends within what is readable");
  while (at < end && static_cast<size_t>(limit - at) >= kBlockWidth) {
    const uint32_t mask = Block(at).equal(wanted);
    if (mask != 0) {
      const char* found = at + std::countr_zero(mask);
      return found < end ? found : end;
    }
    at += kBlockWidth;
  }
  while (at < end && *at != wanted) {
    ++at;
  }
  return at < end ? at : end;
}

/// The first byte of [at, end) that is a blank or a control character, or `end`.
template <typename Block = ByteBlock>
inline const char* find_blank_or_control(const char* at, const char* end) {
  debug_check(at <= end, "a search begins before its end");
  while (static_cast<size_t>(end - at) >= kBlockWidth) {
    const uint32_t mask = Block(at).blank_or_control();
    if (mask != 0) {
      return at + std::countr_zero(mask);
    }
    at += kBlockWidth;
  }
  while (at < end && static_cast<unsigned char>(*at) > ' ') {
    ++at;
  }
  return at;
}

/// The words of one line, one after the other.
class Words {
 public:
  /// Words of [begin, end), where [begin, limit) is readable.
  Words(const char* begin, const char* end, const char* limit)
      : at_(begin), end_(end), limit_(limit) {
    debug_check(begin <= end && end <= limit, "a line ends within what is readable");
  }

  /// The next word, empty when there is none.
  std::string_view next() {
    skip_blanks();
    const char* begin = at_;
    at_ = find_byte(at_, end_, limit_, ' ');
    return between(begin, at_);
  }

  /// What follows the words taken, without the blanks around it.
  std::string_view rest() {
    skip_blanks();
    const char* end = end_;
    while (end > at_ && end[-1] == ' ') {
      --end;
    }
    return between(at_, end);
  }

  bool empty() {
    skip_blanks();
    return at_ == end_;
  }

  const char* limit() const { return limit_; }

 private:
  void skip_blanks() {
    while (at_ < end_ && *at_ == ' ') {
      ++at_;
    }
  }

  const char* at_;
  const char* end_;
  const char* limit_;
};

inline constexpr size_t kPackedSize = 8;

/// A word of up to 8 bytes as a number, to switch on. Filled up with blanks, which no word has.
constexpr uint64_t pack(std::string_view word) {
  uint64_t packed = 0;
  for (size_t i = 0; i < kPackedSize; ++i) {
    const char byte = i < word.size() ? word[i] : ' ';
    packed |= uint64_t{static_cast<unsigned char>(byte)} << (8 * i);
  }
  return packed;
}

/// The same at run time, in one load where [word.data(), limit) has the room.
inline uint64_t pack(std::string_view word, const char* limit) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kBlanks = pack("");
  if (word.empty() || static_cast<size_t>(limit - word.data()) < kPackedSize) {
    debug_check(word.empty() || word.data() + word.size() <= limit, "a word is readable");
    return pack(word);
  }
  const auto bytes = load_unaligned<uint64_t>(word.data());
  if (word.size() >= kPackedSize) {
    return bytes;
  }
  const uint64_t wanted = (uint64_t{1} << (8 * word.size())) - 1;
  return (bytes & wanted) | (kBlanks & ~wanted);
}

/// All of `word` as an unsigned number, with the optional '+' that memcached's strtoull takes.
inline bool read_unsigned(std::string_view word, uint64_t& number) {
  if (!word.empty() && word[0] == '+') {
    word.remove_prefix(1);
  }
  if (word.empty()) {
    return false;
  }
  uint64_t value = 0;
  for (const char c : word) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9 || value > UINT64_MAX / 10) {
      return false;
    }
    value = value * 10 + digit;
    if (value < digit) {
      return false;
    }
  }
  number = value;
  return true;
}

/// All of `word` as a signed number, with an optional sign.
inline bool read_signed(std::string_view word, int64_t& number) {
  const bool negative = !word.empty() && word[0] == '-';
  if (negative) {
    word.remove_prefix(1);
    if (word.empty() || word[0] == '+') {
      return false;
    }
  }
  uint64_t magnitude = 0;
  const uint64_t bound = uint64_t{INT64_MAX} + (negative ? 1 : 0);
  if (!read_unsigned(word, magnitude) || magnitude > bound) {
    return false;
  }
  number = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

}  // namespace ember::protocol
