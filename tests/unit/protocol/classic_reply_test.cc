// SPDX-License-Identifier: BSD-3-Clause
// classic_reply: answers and VALUE lines byte for byte; nothing where no reply is wanted.
#include "protocol/classic_reply.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/head_and_value.h"
#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

std::string value_line(const ValueLine& value) {
  testing::WrittenReply written;
  append_written(written.reply(), max_value_line(value.key),
                 [&](LineWriter& line) { write_value_line(value, line); });
  return written.take();
}

TEST(ClassicReplyTest, Answers) {
  testing::WrittenReply written;
  Command command;
  answer(command, "STORED", written.reply());
  answer_number(command, 0, written.reply());
  answer_number(command, UINT64_MAX, written.reply());
  EXPECT_EQ(written.take(), "STORED\r\n0\r\n18446744073709551615\r\n");
  command.noreply = true;
  answer(command, "STORED", written.reply());
  answer_number(command, 1, written.reply());
  EXPECT_EQ(written.take(), "");
}

TEST(ClassicReplyTest, ValueLines) {
  EXPECT_EQ(value_line({.key = "a", .client_flags = 0, .value_size = 5, .cas = {}}),
            "VALUE a 0 5\r\n");
  EXPECT_EQ(value_line({.key = "b", .client_flags = UINT32_MAX, .value_size = 0, .cas = 0}),
            "VALUE b 4294967295 0 0\r\n");
  const std::string key(kMaxKeySize, 'k');
  EXPECT_EQ(
      value_line(
          {.key = key, .client_flags = UINT32_MAX, .value_size = UINT64_MAX, .cas = UINT64_MAX}),
      "VALUE " + key + " 4294967295 18446744073709551615 18446744073709551615\r\n");
}

TEST(ClassicReplyTest, ValuesOfAnySize) {
  testing::WrittenReply written;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{8192}, size_t{16300},
                            size_t{16384}, size_t{100000}}) {
    const std::string value(size, 'v');
    const ValueLine line{.key = "key", .client_flags = 7, .value_size = size, .cas = 9};
    append_head_and_value(
        written.reply(), max_value_line("key"),
        [&](LineWriter& writer) { write_value_line(line, writer); }, FlatValue{value}, kLineEnd);
    EXPECT_EQ(written.take(), "VALUE key 7 " + std::to_string(size) + " 9\r\n" + value + "\r\n");
  }
}

}  // namespace
}  // namespace ember::protocol
