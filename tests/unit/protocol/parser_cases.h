// SPDX-License-Identifier: BSD-3-Clause
// parser_cases: an input and the commands it must give, in short; tried whole and at many cuts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/protocol/parse_all.h"

namespace ember::protocol::testing {

/// Commands, one a line: "get a", "set a=value ...", "!ERROR".
inline std::string brief(const Parsed& parsed) {
  std::string text;
  for (const auto& command : parsed.commands) {
    text += text.empty() ? "" : "|";
    if (command.verb == Verb::invalid) {
      text += "!" + command.error;
      continue;
    }
    text += name_of(command.verb);
    text += command.key.empty() ? "" : " " + command.key;
    text += command.key == command.key_text ? "" : "<" + command.key_text + ">";
    text += command.value_complete ? "=" + command.value : "";
    text += command.client_flags == 0 ? "" : " f" + std::to_string(command.client_flags);
    text += command.exptime == 0 ? "" : " t" + std::to_string(command.exptime);
    text += command.number == 0 ? "" : " n" + std::to_string(command.number);
    text += command.arguments.empty() ? "" : " (" + command.arguments + ")";
    text += command.meta.empty() || command.meta == "[]" ? "" : " " + command.meta;
    text += command.noreply ? " noreply" : "";
  }
  if (parsed.closed) {
    text += text.empty() ? "close" : "|close";
  }
  return text;
}

/// The options of all tests: values above 5 bytes are streamed, so that short ones test it.
inline constexpr Parser::Options kOptions{.max_line_size = 2048, .max_buffered_value = 5};

template <typename AnyFeeder = Feeder>
void expect_at_every_size(const std::string& input, const std::string& wanted) {
  const Parsed whole = parse_whole<AnyFeeder>(input, kOptions);
  EXPECT_EQ(brief(whole), wanted) << input.substr(0, 200);
  // Long inputs: only some sizes, or it takes seconds.
  const size_t growth = input.size() > 1000 ? 4 : 0;
  for (size_t size = 1; size < std::min<size_t>(input.size() + 1, 64); size += 1 + growth * size) {
    for (const size_t room : {size_t{2}, size_t{3}, size_t{64}}) {
      const Parsed cut = AnyFeeder(kOptions, room).feed(input, [&] { return size; });
      ASSERT_EQ(brief(cut), brief(whole)) << "in pieces of " << size << ", " << room << " a batch";
      ASSERT_EQ(cut.commands, whole.commands);
    }
  }
}

struct Case {
  std::string input;
  std::string wanted;
};

template <typename AnyFeeder = Feeder>
void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    expect_at_every_size<AnyFeeder>(one.input, one.wanted);
  }
}

inline const std::string kLongest(250, 'k');
inline const std::string kTooLong(251, 'k');
inline const std::string kBadLine = "!CLIENT_ERROR bad command line format";

inline std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

}  // namespace ember::protocol::testing
