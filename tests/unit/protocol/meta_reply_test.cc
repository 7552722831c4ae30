// SPDX-License-Identifier: BSD-3-Clause
// meta_reply: codes, flags in the order asked, and the bound of a line.
#include "protocol/meta_reply.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "protocol/parser.h"
#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

/// The command of a line; `line` outlives it.
Command command_of(const std::string& line) {
  Parser parser({});
  std::array<Command, 2> commands;
  EXPECT_EQ(parser.parse(line, commands).count, 1U) << line;
  return commands[0];
}

TEST(MetaReplyTest, EchoesInTheOrderAsked) {
  testing::WrittenReply written;
  const std::string line = "mg key v O12 f k\r\n";
  const Command command = command_of(line);
  append_meta_line(command, "EN", written.reply());
  EXPECT_EQ(written.take(), "EN O12 kkey\r\n");
  const auto write_flag = [](char flag, LineWriter& writer) {
    if (flag == 'f') {
      writer.flag('f').number(7);
    }
  };
  append_meta_line(command, "HD", write_flag, written.reply());
  EXPECT_EQ(written.take(), "HD O12 f7 kkey\r\n");
}

TEST(MetaReplyTest, AKeyInBase64IsEchoedAsSent) {
  testing::WrittenReply written;
  const std::string line = "mg YQ== k b\r\n";
  append_meta_line(command_of(line), "EN", written.reply());
  EXPECT_EQ(written.take(), "EN kYQ== b\r\n");
}

TEST(MetaReplyTest, EachFlagOnce) {
  MetaFlags flags;
  flags.text = "s 1 t s tt O";
  std::string seen;
  each_flag(flags, [&](char flag) { seen += flag; });
  EXPECT_EQ(seen, "stO");
}

TEST(MetaReplyTest, TheLongestLineFits) {
  testing::WrittenReply written;
  const std::string line = "mg " + std::string(kMaxKeySize, 'k') + " c f h l s t k O" +
                           std::string(31, 'o').substr(0, 30) + "\r\n";
  const Command command = command_of(line);
  // As a hit with every mark: append_written asserts the bound.
  append_written(written.reply(), max_meta_line(command), [&](LineWriter& writer) {
    write_value_code(UINT64_MAX, writer);
    each_flag(command.meta, [&](char flag) {
      if (flag == 'k' || flag == 'O') {
        echo_flag(command, flag, writer);
      } else {
        writer.flag(flag).signed_number(INT64_MIN);
      }
    });
    writer.flag('Z').flag('X').flag('W').end_line();
  });
  EXPECT_TRUE(written.take().starts_with("VA 18446744073709551615 c-9223372036854775808 f"));
}

}  // namespace
}  // namespace ember::protocol
