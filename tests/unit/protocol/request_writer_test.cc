// SPDX-License-Identifier: BSD-3-Clause
// request_writer: what is written is read again as the same command, for every command.
#include "protocol/request_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "protocol/parser.h"
#include "tests/unit/protocol/parse_all.h"
#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

/// The line of `command`, with its value.
std::string written_of(const Command& command) {
  testing::WrittenReply written;
  append_written(written.reply(), max_request_line(command),
                 [&](LineWriter& line) { write_request_line(command, line); });
  std::string text = written.take();
  if (carries_value(command.verb)) {
    text += std::string(command.value) + "\r\n";
  }
  return text;
}

TEST(RequestWriterTest, WhatIsReadIsWrittenAgain) {
  for (const std::string line : {"get key\r\n",
                                 "gets key\r\n",
                                 "gat 10 key\r\n",
                                 "gats -1 key\r\n",
                                 "set key 0 0 3\r\nabc\r\n",
                                 "add key 4294967295 -1 0 noreply\r\n\r\n",
                                 "replace key 1 2 1\r\nx\r\n",
                                 "append key 1 2 1\r\nx\r\n",
                                 "prepend key 1 2 1\r\nx\r\n",
                                 "cas key 1 2 1 18446744073709551615\r\nx\r\n",
                                 "cas key 1 2 1 7 noreply\r\nx\r\n",
                                 "delete key\r\n",
                                 "delete key noreply\r\n",
                                 "incr key 18446744073709551615\r\n",
                                 "decr key 1 noreply\r\n",
                                 "touch key -1\r\n",
                                 "touch key 5 noreply\r\n",
                                 "mg key\r\n",
                                 "mg key t f v O123 k q\r\n",
                                 "mg YQ== b v k\r\n",
                                 "ms key 3 T60 c\r\nabc\r\n",
                                 "ms key 0\r\n\r\n",
                                 "md key q I\r\n",
                                 "ma key MD D10 N0 J5\r\n",
                                 "me key\r\n",
                                 "mn\r\n",
                                 "flush_all\r\n",
                                 "flush_all 10 noreply\r\n",
                                 "version\r\n",
                                 "verbosity 1\r\n",
                                 "quit\r\n",
                                 "stats\r\n",
                                 "stats ember\r\n",
                                 "cache_memlimit 100\r\n",
                                 "slabs automove 1\r\n",
                                 "lru mode flat\r\n",
                                 "lru_crawler metadump all\r\n",
                                 "watch fetchers\r\n",
                                 "refresh_certs\r\n",
                                 "shutdown graceful\r\n",
                                 "debugtime 5\r\n"}) {
    Parser parser({});
    std::array<Command, 4> commands;
    const auto step = parser.parse(line, commands);
    ASSERT_GE(step.count, 1U) << line;
    EXPECT_EQ(written_of(commands[0]), line);
  }
}

TEST(RequestWriterTest, TheLongestLinesFit) {
  const std::string key(kMaxKeySize, 'k');
  Command command;
  command.verb = Verb::cas;
  command.key = command.key_text = key;
  command.client_flags = UINT32_MAX;
  command.exptime = INT64_MIN;
  command.number = UINT64_MAX;
  command.value_size = UINT64_MAX;
  command.noreply = true;
  EXPECT_EQ(written_of(command), "cas " + key +
                                     " 4294967295 -9223372036854775808 18446744073709551615 "
                                     "18446744073709551615 noreply\r\n\r\n");
}

TEST(RequestWriterTest, EveryVerbFitsItsRoom) {
  for (Verb verb = Verb::get; verb < Verb::noop;
       verb = static_cast<Verb>(static_cast<int>(verb) + 1)) {
    EXPECT_LE(name_of(verb).size(), kMaxVerbSize);
  }
}

TEST(RequestWriterTest, AMultigetIsOneLine) {
  testing::WrittenReply written;
  append_written(written.reply(), 100, [](LineWriter& line) {
    line.text(name_of(Verb::get));
    write_request_key("a", line);
    write_request_key("b", line).end_line();
  });
  EXPECT_EQ(written.take(), "get a b\r\n");
}

}  // namespace
}  // namespace ember::protocol
