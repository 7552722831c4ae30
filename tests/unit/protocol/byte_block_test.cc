// SPDX-License-Identifier: BSD-3-Clause
// byte_block: every byte at every place; both implementations answer alike, alone and in searches.
#include "protocol/byte_block.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

/// Bytes among which blanks, line ends, controls and high bits are frequent.
std::string random_bytes(std::minstd_rand& random, size_t size) {
  constexpr std::string_view kFrequent("\0\x01\x1f !\x7f\x80\xa0\xff\r\n", 11);
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    const auto draw = random();
    byte = draw % 3 == 0 ? kFrequent[draw / 3 % kFrequent.size()] : static_cast<char>(draw >> 8);
  }
  return bytes;
}

template <typename Block>
class ByteBlockTest : public ::testing::Test {};

#if defined(__SSE2__)
using Blocks = ::testing::Types<PortableByteBlock, SseByteBlock>;
#else
using Blocks = ::testing::Types<PortableByteBlock>;
#endif
TYPED_TEST_SUITE(ByteBlockTest, Blocks);

TYPED_TEST(ByteBlockTest, EveryByteAtEveryPlace) {
  for (size_t place = 0; place < kBlockWidth; ++place) {
    for (int value = 0; value < 256; ++value) {
      std::array<char, kBlockWidth> bytes;
      bytes.fill('x');
      bytes[place] = static_cast<char>(value);
      const TypeParam block(bytes.data());
      const uint32_t only = uint32_t{1} << place;
      const uint32_t all = (uint32_t{1} << kBlockWidth) - 1;
      ASSERT_EQ(block.blank_or_control(), value <= ' ' ? only : 0) << place << " " << value;
      ASSERT_EQ(block.equal(static_cast<char>(value)), value == 'x' ? all : only);
      ASSERT_EQ(block.equal('x'), value == 'x' ? all : all & ~only);
    }
  }
}

TYPED_TEST(ByteBlockTest, RandomBytesOneByOne) {
  std::minstd_rand random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::string bytes = random_bytes(random, kBlockWidth);
    const char wanted = bytes[random() % kBlockWidth];
    const TypeParam block(bytes.data());
    for (size_t i = 0; i < kBlockWidth; ++i) {
      ASSERT_EQ((block.equal(wanted) >> i) & 1, bytes[i] == wanted ? 1U : 0U);
      ASSERT_EQ((block.blank_or_control() >> i) & 1,
                static_cast<unsigned char>(bytes[i]) <= ' ' ? 1U : 0U);
    }
  }
}

TEST(ByteBlockTwins, SearchesFindTheSame) {
  std::minstd_rand random(2);
  for (int round = 0; round < 5000; ++round) {
    const std::string bytes = random_bytes(random, random() % 70);
    const char* const begin = bytes.data();
    const char* const limit = begin + bytes.size();
    const char* const end = begin + (bytes.empty() ? 0 : random() % (bytes.size() + 1));
    const char wanted = static_cast<char>(random() % 2 == 0 ? '\n' : random() % 256);
    ASSERT_EQ(find_byte<ByteBlock>(begin, end, limit, wanted),
              find_byte<PortableByteBlock>(begin, end, limit, wanted));
    ASSERT_EQ(find_blank_or_control<ByteBlock>(begin, end),
              find_blank_or_control<PortableByteBlock>(begin, end));
  }
}

}  // namespace
}  // namespace ember::protocol
