// SPDX-License-Identifier: BSD-3-Clause
// RequestParser: the parser of what a client speaks, text or binary, chosen by its first byte or by
// its listener. Not the parsing (protocol/parser.h, protocol/binary_parser.h).
//
// Threads: one's.
#pragma once

#include <span>
#include <variant>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "protocol/binary_parser.h"
#include "protocol/command.h"
#include "protocol/parser.h"
#include "server/session/session_options.h"

namespace ember::server::session {

class RequestParser {
 public:
  using Options = protocol::Parser::Options;
  using Step = protocol::Parser::Step;

  bool chosen() const { return !std::holds_alternative<std::monostate>(parser_); }
  bool is_binary() const { return std::holds_alternative<protocol::BinaryParser>(parser_); }

  /// Decides by `first`, the first byte that came, what is spoken from now on. Once.
  void choose(Dialect dialect, char first, const Options& options) {
    check(!chosen(), "what a client speaks is decided once");
    const bool looks_binary = first == protocol::kBinaryRequestMagic;
    if (dialect == Dialect::binary || (dialect == Dialect::by_first_byte && looks_binary)) {
      parser_.emplace<protocol::BinaryParser>(options);
      return;
    }
    parser_.emplace<protocol::Parser>(options);
  }

  /// As protocol::Parser::parse(). Requires: chosen.
  Step parse(std::span<const char> input, std::span<protocol::Command> out) {
    debug_check(chosen(), "the first byte is looked at before requests are parsed");
    auto* const text = std::get_if<protocol::Parser>(&parser_);
    const Step step = text != nullptr ? text->parse(input, out)
                                      : std::get<protocol::BinaryParser>(parser_).parse(input, out);
    debug_check(step.consumed <= input.size() && step.count <= out.size(),
                "a parser uses what it was given");
    return step;
  }

 private:
  std::variant<std::monostate, protocol::Parser, protocol::BinaryParser> parser_;
};

}  // namespace ember::server::session
