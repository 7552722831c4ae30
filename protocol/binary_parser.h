// SPDX-License-Identifier: BSD-3-Clause
// BinaryParser: bytes of the binary protocol to the same commands that the text Parser gives,
// incrementally. One for each connection that speaks it. It has no get_end: each key asked for is
// answered, or not, by itself. Not the answers: binary_reply.h.
//
// Ownership, threads, errors: as Parser's.
// Invariants: the commands that come out do not depend on how the input was cut. It never looks
// beyond the input given and keeps no pointer into it. A request that is not valid is
// Verb::invalid with its status in `number`; after one whose end nobody can know, or a byte that
// begins no request, the parser stops with Stop::close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/command.h"
#include "protocol/parser.h"

namespace ember::protocol {

class BinaryParser {
 public:
  using Stop = Parser::Stop;
  using Step = Parser::Step;

  explicit BinaryParser(const Parser::Options& options)
      : max_buffered_value_(options.max_buffered_value) {}

  /// As Parser::parse(); but after Stop::value the value has no terminator. Requires: as there.
  Step parse(std::span<const char> input, std::span<Command> out);

 private:
  bool take_request(std::span<const char> rest, Command& command, Step& step);

  size_t max_buffered_value_;
  uint64_t dropping_ = 0;  // bytes of a refused body still to come
};

}  // namespace ember::protocol
