// SPDX-License-Identifier: BSD-3-Clause
#include "base/numbers.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace ember {
namespace {

constexpr uint64_t kMaxU64 = std::numeric_limits<uint64_t>::max();
constexpr int64_t kMaxI64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinI64 = std::numeric_limits<int64_t>::min();

std::string decimal(uint64_t value) {
  std::array<char, kMaxDecimalSize> buffer;
  return {buffer.data(), write_u64(buffer.data(), value)};
}

std::string decimal_signed(int64_t value) {
  std::array<char, kMaxDecimalSize> buffer;
  return {buffer.data(), write_i64(buffer.data(), value)};
}

TEST(Numbers, ParseU64TakesTheWholeRange) {
  EXPECT_EQ(parse_u64("0"), 0U);
  EXPECT_EQ(parse_u64("42"), 42U);
  EXPECT_EQ(parse_u64("18446744073709551615"), kMaxU64);
  EXPECT_EQ(parse_u64("0000000000000000000000000000007"), 7U);
}

TEST(Numbers, ParseU64RefusesAllElse) {
  for (const std::string_view text :
       {"", " ", "-1", "-0", "+1", " 1", "1 ", "1a", "a1", "0x10", "1.0", "1e3",
        "18446744073709551616", "99999999999999999999999", "1\n"}) {
    EXPECT_EQ(parse_u64(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(parse_u64(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Numbers, ParseI64TakesTheWholeRange) {
  EXPECT_EQ(parse_i64("0"), 0);
  EXPECT_EQ(parse_i64("-0"), 0);
  EXPECT_EQ(parse_i64("-1"), -1);
  EXPECT_EQ(parse_i64("9223372036854775807"), kMaxI64);
  EXPECT_EQ(parse_i64("-9223372036854775808"), kMinI64);
}

TEST(Numbers, ParseI64RefusesAllElse) {
  for (const std::string_view text : {"", "-", "--1", "+1", "- 1", " -1", "-1 ", "1-",
                                      "9223372036854775808", "-9223372036854775809"}) {
    EXPECT_EQ(parse_i64(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(Numbers, ParsingStopsAtTheViewNotAtTheBuffer) {
  const std::string_view line = "12345 678";
  EXPECT_EQ(parse_u64(line.substr(0, 3)), 123U);
  EXPECT_EQ(parse_u64(line.substr(6)), 678U);
}

TEST(Numbers, WritesTheExtremes) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(kMaxU64), "18446744073709551615");
  EXPECT_EQ(decimal(kMaxU64).size(), kMaxDecimalSize);
  EXPECT_EQ(decimal_signed(kMinI64), "-9223372036854775808");
  EXPECT_EQ(decimal_signed(kMinI64).size(), kMaxDecimalSize);
  EXPECT_EQ(decimal_signed(-1), "-1");
}

TEST(Numbers, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    EXPECT_EQ(parse_u64(decimal(value)), value);
    EXPECT_EQ(parse_i64(decimal_signed(static_cast<int64_t>(value))), static_cast<int64_t>(value));
  }
}

}  // namespace
}  // namespace ember
