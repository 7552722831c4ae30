// SPDX-License-Identifier: BSD-3-Clause
// binary_reply: answers byte for byte; quiet commands are told of failures only.
#include "protocol/binary_reply.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/protocol/binary_request.h"
#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

using testing::big;

Command command_of(Opcode opcode, std::string_view key = {}) {
  Command command;
  command.is_binary = true;
  command.key = command.key_text = key;
  command.binary = {.opaque = 0x04030201, .opcode = static_cast<uint8_t>(opcode)};
  return command;
}

/// What stands in an answer's header, and its body.
struct Expected {
  Opcode opcode = Opcode::get;
  Status status = Status::success;
  std::string extras = {};
  std::string key = {};
  std::string value = {};
  uint64_t cas = 0;

  std::string bytes() const {
    return std::string("\x81") + static_cast<char>(opcode) + big(key.size(), 2) +
           big(extras.size(), 1) + big(0, 1) + big(static_cast<uint64_t>(status), 2) +
           big(extras.size() + key.size() + value.size(), 4) + "\x01\x02\x03\x04" + big(cas, 8) +
           extras + key + value;
  }
};

TEST(BinaryReplyTest, SuccessAndFailure) {
  testing::WrittenReply written;
  Command command = command_of(Opcode::set);
  answer_success(command, 7, written.reply());
  EXPECT_EQ(written.take(), (Expected{.opcode = Opcode::set, .cas = 7}.bytes()));
  command.noreply = true;
  answer_success(command, 7, written.reply());
  EXPECT_EQ(written.take(), "");
  answer_failure(command, Status::exists, written.reply());
  EXPECT_EQ(
      written.take(),
      (Expected{.opcode = Opcode::set, .status = Status::exists, .value = "Data exists for key."}
           .bytes()));
}

TEST(BinaryReplyTest, NumbersAndRows) {
  testing::WrittenReply written;
  Command command = command_of(Opcode::increment);
  answer_number(command, 258, 3, written.reply());
  EXPECT_EQ(written.take(),
            (Expected{.opcode = Opcode::increment, .value = big(258, 8), .cas = 3}.bytes()));
  command.noreply = true;
  answer_number(command, 258, 3, written.reply());
  EXPECT_EQ(written.take(), "");
  answer_with(command_of(Opcode::stat), "pid", "12", written.reply());
  answer_with(command_of(Opcode::stat), {}, {}, written.reply());
  EXPECT_EQ(written.take(),
            (Expected{.opcode = Opcode::stat, .key = "pid", .value = "12"}.bytes()) +
                Expected{.opcode = Opcode::stat}.bytes());
}

TEST(BinaryReplyTest, Misses) {
  testing::WrittenReply written;
  Command command = command_of(Opcode::get, "key");
  answer_miss(command, written.reply());
  EXPECT_EQ(written.take(), (Expected{.status = Status::not_found, .value = "Not found"}.bytes()));
  answer_miss(command_of(Opcode::getk, "key"), written.reply());
  EXPECT_EQ(written.take(),
            (Expected{.opcode = Opcode::getk, .status = Status::not_found, .key = "key"}.bytes()));
  command.noreply = true;
  answer_miss(command, written.reply());
  EXPECT_EQ(written.take(), "");
}

TEST(BinaryReplyTest, ItemsOfAnySize) {
  testing::WrittenReply written;
  for (const size_t size : {size_t{0}, size_t{3}, size_t{16000}, size_t{16384}, size_t{100000}}) {
    const std::string value(size, 'v');
    answer_item(command_of(Opcode::get, "key"), {.client_flags = 5, .cas = 9}, FlatValue{value},
                written.reply());
    EXPECT_EQ(written.take(), (Expected{.extras = big(5, 4), .value = value, .cas = 9}.bytes()));
    answer_item(command_of(Opcode::gatkq, "key"), {.client_flags = 5, .cas = 9}, FlatValue{value},
                written.reply());
    EXPECT_EQ(
        written.take(),
        (Expected{
            .opcode = Opcode::gatkq, .extras = big(5, 4), .key = "key", .value = value, .cas = 9}
             .bytes()));
  }
}

TEST(BinaryReplyTest, ATouchedItemTellsItsFlags) {
  testing::WrittenReply written;
  answer_touched(command_of(Opcode::touch), {.client_flags = 5, .cas = 9}, written.reply());
  EXPECT_EQ(written.take(),
            (Expected{.opcode = Opcode::touch, .extras = big(5, 4), .cas = 9}.bytes()));
}

}  // namespace
}  // namespace ember::protocol
