// SPDX-License-Identifier: BSD-3-Clause
// tokenizer: searches at every length around the width of a vector, words, numbers at their ends.
#include "protocol/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ember::protocol {
namespace {

TEST(TokenizerTest, FindsTheFirstByteAtEveryPlace) {
  for (size_t size = 0; size < 50; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      std::string text(size, 'x');
      if (at < size) {
        text[at] = '\n';
        text.back() = '\n';
      }
      const char* begin = text.data();
      EXPECT_EQ(find_byte(begin, begin + size, begin + size, '\n'), begin + at);
      EXPECT_EQ(find_blank_or_control(begin, begin + size), begin + at);
    }
  }
}

TEST(TokenizerTest, DoesNotFindBehindTheEnd) {
  const std::string text = "aaaaaaaa\nbbbbbbbbbbbbbbbbbbbbbbb";
  const char* begin = text.data();
  EXPECT_EQ(find_byte(begin, begin + 5, begin + text.size(), '\n'), begin + 5);
}

TEST(TokenizerTest, BytesAboveAsciiAreNoControls) {
  const std::string text(40, '\xff');
  EXPECT_EQ(find_blank_or_control(text.data(), text.data() + text.size()),
            text.data() + text.size());
}

std::vector<std::string> words_of(std::string_view line) {
  Words words(line.data(), line.data() + line.size(), line.data() + line.size());
  std::vector<std::string> all;
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    all.emplace_back(word);
  }
  return all;
}

TEST(TokenizerTest, OnlyBlanksSeparateWords) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(words_of(""), Strings{});
  EXPECT_EQ(words_of("   "), Strings{});
  EXPECT_EQ(words_of("one"), Strings{"one"});
  EXPECT_EQ(words_of("  one  two three-that-is-longer-than-16  "),
            (Strings{"one", "two", "three-that-is-longer-than-16"}));
  EXPECT_EQ(words_of("a\tb c"), (Strings{"a\tb", "c"}));
}

TEST(TokenizerTest, TheRestHasNoBlanksAroundIt) {
  const std::string_view line = "one  two  three  ";
  Words words(line.data(), line.data() + line.size(), line.data() + line.size());
  EXPECT_EQ(words.next(), "one");
  EXPECT_EQ(words.rest(), "two  three");
}

TEST(TokenizerTest, PacksTheSameWithAndWithoutRoomBehind) {
  const std::string text = "prependsomething";
  for (size_t size = 0; size <= 8; ++size) {
    const std::string_view word(text.data(), size);
    EXPECT_EQ(pack(word, text.data() + text.size()), pack(word));
    EXPECT_EQ(pack(word, text.data() + size), pack(word));
  }
}

TEST(TokenizerTest, UnsignedNumbers) {
  const struct {
    std::string_view word;
    bool reads;
    uint64_t number;
  } kCases[] = {
      {"0", true, 0},
      {"007", true, 7},
      {"+1", true, 1},
      {"18446744073709551615", true, UINT64_MAX},
      {"18446744073709551616", false, 0},
      {"18446744073709551620", false, 0},
      {"99999999999999999999", false, 0},
      {"", false, 0},
      {"+", false, 0},
      {"-1", false, 0},
      {"1x", false, 0},
      {" 1", false, 0},
      {"0x1", false, 0},
  };
  for (const auto& one : kCases) {
    uint64_t number = 0;
    EXPECT_EQ(read_unsigned(one.word, number), one.reads) << one.word;
    EXPECT_EQ(number, one.number) << one.word;
  }
}

TEST(TokenizerTest, SignedNumbers) {
  const struct {
    std::string_view word;
    bool reads;
    int64_t number;
  } kCases[] = {
      {"0", true, 0},
      {"-0", true, 0},
      {"-1", true, -1},
      {"+1", true, 1},
      {"9223372036854775807", true, INT64_MAX},
      {"9223372036854775808", false, 0},
      {"-9223372036854775808", true, INT64_MIN},
      {"-9223372036854775809", false, 0},
      {"-", false, 0},
      {"--1", false, 0},
      {"-+1", false, 0},
      {"+-1", false, 0},
      {"", false, 0},
  };
  for (const auto& one : kCases) {
    int64_t number = 0;
    EXPECT_EQ(read_signed(one.word, number), one.reads) << one.word;
    EXPECT_EQ(number, one.number) << one.word;
  }
}

}  // namespace
}  // namespace ember::protocol
