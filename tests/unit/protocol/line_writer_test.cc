// SPDX-License-Identifier: BSD-3-Clause
// LineWriter: bytes and numbers at their ends; constant lines and STAT lines byte for byte.
#include "protocol/line_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

TEST(LineWriterTest, WritesNumbersOfEverySize) {
  std::array<char, 200> room;
  LineWriter line(room.data());
  line.number(0).letter(' ').number(9).letter(' ').number(10).letter(' ').number(UINT64_MAX);
  line.letter(' ').signed_number(-1).flag('t').signed_number(INT64_MIN).flag('v').end_line();
  EXPECT_EQ(std::string(room.data(), line.at()),
            "0 9 10 18446744073709551615 -1 t-9223372036854775808 v\r\n");
}

TEST(LineWriterTest, AppendsWhatIsWritten) {
  testing::WrittenReply written;
  const size_t size =
      append_written(written.reply(), 100, [](LineWriter& line) { line.text("VA ").number(5); });
  EXPECT_EQ(size, 4U);
  EXPECT_EQ(written.take(), "VA 5");
}

TEST(LineWriterTest, Lines) {
  testing::WrittenReply written;
  append_line(written.reply(), "ERROR");
  append_line(written.reply(), "");
  write_stat(written.reply(), "pid", uint64_t{12});
  write_stat(written.reply(), "bytes", UINT64_MAX);
  write_stat(written.reply(), "version", "1");
  EXPECT_EQ(written.take(),
            "ERROR\r\n\r\nSTAT pid 12\r\nSTAT bytes 18446744073709551615\r\nSTAT version 1\r\n");
}

TEST(LineWriterTest, AStatMayBeLongerThanABlock) {
  testing::WrittenReply written;
  const std::string value(2 * BlockPool::kBlockSize, 'v');
  write_stat(written.reply(), "reason", value);
  EXPECT_EQ(written.take(), "STAT reason " + value + "\r\n");
}

#if EMBER_DEBUG_CHECKS
TEST(LineWriterDeathTest, MoreThanItsRoomIsAnError) {
  testing::WrittenReply written;
  EXPECT_DEATH(append_written(written.reply(), 2, [](LineWriter& line) { line.text("too long"); }),
               "no longer than the room");
}
#endif

}  // namespace
}  // namespace ember::protocol
