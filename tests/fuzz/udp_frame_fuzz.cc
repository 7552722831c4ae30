// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the frame of datagrams, and the commands behind it as UDP reads them: all of a datagram at
// once, the value with its command. What is read is inside, and a frame is written as it was read.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "protocol/parser.h"
#include "protocol/udp_frame.h"

namespace {

using ember::protocol::Command;
using ember::protocol::Parser;
using ember::protocol::UdpFrame;

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

void parse(std::span<const char> input) {
  Parser parser({.max_buffered_value = 65536});
  std::array<Command, 8> commands;
  while (true) {
    const Parser::Step step = parser.parse(input, commands);
    require(step.consumed <= input.size() && step.count <= commands.size());
    for (const Command& command : std::span(commands).first(step.count)) {
      require(!carries_value(command.verb) || command.value.size() == command.value_size ||
              !command.value_complete);
    }
    input = input.subspan(step.consumed);
    if (step.stop != Parser::Stop::batch_full) {
      return;
    }
    require(step.count > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of exactly its size: reading beyond it is an error that sanitizers see.
  const auto copy = std::make_unique<char[]>(size);
  std::copy_n(data, size, copy.get());
  const std::span<const char> datagram(copy.get(), size);
  const auto frame = ember::protocol::read_udp_frame(datagram);
  require(frame.has_value() == (size >= UdpFrame::kSize));
  if (!frame) {
    return 0;
  }
  std::array<char, UdpFrame::kSize> written{};
  ember::protocol::write_udp_frame(*frame, written);
  require(std::equal(written.begin(), written.end(), datagram.begin()));
  parse(datagram.subspan(UdpFrame::kSize));
  return 0;
}
