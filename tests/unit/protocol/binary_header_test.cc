// SPDX-License-Identifier: BSD-3-Clause
// binary_header: every field at its place, in both directions.
#include "protocol/binary_header.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/protocol/binary_request.h"

namespace ember::protocol {
namespace {

using testing::Request;

TEST(BinaryHeaderTest, ReadsEveryFieldOfARequest) {
  const std::string bytes = Request{.opcode = Opcode::gatkq,
                                    .key = "some key",
                                    .extras = "1234",
                                    .value = "value",
                                    .cas = 0x0102030405060708,
                                    .opaque = 0x61626364};
  const BinaryRequest request = read_binary_request(bytes.data());
  EXPECT_EQ(request.opcode, 0x24);
  EXPECT_EQ(request.key_size, 8);
  EXPECT_EQ(request.extra_size, 4);
  EXPECT_EQ(request.body_size, 17U);
  EXPECT_EQ(request.opaque, load_unaligned<uint32_t>("abcd"));
  EXPECT_EQ(request.cas, 0x0102030405060708U);
}

TEST(BinaryHeaderTest, WritesEveryFieldOfAReply) {
  char bytes[kBinaryHeaderSize];
  const char* const end = write_binary_header(bytes, {.opcode = 0x0d,
                                                      .opaque = load_unaligned<uint32_t>("abcd"),
                                                      .status = Status::no_memory,
                                                      .extra_size = 4,
                                                      .key_size = 0x102,
                                                      .value_size = 0x10000,
                                                      .cas = 0x0102030405060708});
  EXPECT_EQ(end, bytes + kBinaryHeaderSize);
  const std::string wanted(
      "\x81\x0d\x01\x02\x04\x00\x00\x82\x00\x01\x01\x06"
      "abcd\x01\x02\x03\x04\x05\x06\x07\x08",
      kBinaryHeaderSize);
  EXPECT_EQ(std::string(bytes, kBinaryHeaderSize), wanted);
}

TEST(BinaryHeaderTest, FailuresHaveWordsAndSuccessHasNone) {
  EXPECT_EQ(text_of(Status::success), "");
  EXPECT_EQ(text_of(Status::exists), "Data exists for key.");
  EXPECT_EQ(text_of(Status::unknown_command), "Unknown command");
}

TEST(BinaryHeaderTest, OnlyTheFormsWithAKEchoTheKey) {
  EXPECT_TRUE(echoes_key(0x0c));
  EXPECT_TRUE(echoes_key(0x0d));
  EXPECT_TRUE(echoes_key(0x23));
  EXPECT_TRUE(echoes_key(0x24));
  EXPECT_FALSE(echoes_key(0x00));
  EXPECT_FALSE(echoes_key(0x1d));
}

}  // namespace
}  // namespace ember::protocol
