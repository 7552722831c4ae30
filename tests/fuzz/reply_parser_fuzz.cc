// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the reply parser: replies found in whole input and in input that grows byte by byte are
// the same, views lie within the input, what is consumed too; values in parts are the same values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_parser.h"

namespace {

using ember::protocol::Reply;
using ember::protocol::ReplyParser;
using Stop = ReplyParser::Stop;

constexpr ReplyParser::Options kBuffered{.max_line_size = 300, .max_buffered_value = SIZE_MAX / 2};
constexpr ReplyParser::Options kStreaming{.max_line_size = 300, .max_buffered_value = 4};

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

bool inside(std::string_view view, std::string_view input) {
  const std::less_equal<> before;
  return view.empty() || (before(input.data(), view.data()) &&
                          before(view.data() + view.size(), input.data() + input.size()));
}

/// What does not depend on whether the value came in parts; the line too, where there is none.
std::string describe(const Reply& reply, std::string_view value) {
  std::string text = std::to_string(static_cast<int>(reply.kind));
  text += "|";
  text += value;
  if (!carries_value(reply.kind)) {
    for (const std::string_view view : {reply.line, reply.key, reply.arguments}) {
      text += "|";
      text += view;
    }
  }
  return text + "|" + std::to_string(reply.client_flags) + "|" + std::to_string(reply.number) +
         "|" + std::to_string(reply.value_size) + (reply.has_cas ? "|cas" : "");
}

struct Outcome {
  std::vector<std::string> replies;
  ReplyParser::Stop last = ReplyParser::Stop::more_input;
  bool operator==(const Outcome&) const = default;
};

/// Shows the parser `step` bytes more whenever it wants more. Values that come in parts are put
/// together again.
Outcome run(const ReplyParser::Options& options, std::string_view input, size_t step) {
  ReplyParser parser(options);
  Outcome outcome;
  Reply reply;
  std::string value;
  size_t begin = 0;
  size_t end = 0;
  while (true) {
    // A copy of exactly what it may see: reading beyond it is an error that sanitizers see.
    const size_t size = end - begin;
    const auto seen = std::make_unique<char[]>(size);
    input.copy(seen.get(), size, begin);
    const bool parted = parser.in_value();
    const auto parsed = parser.parse({seen.get(), size}, reply);
    require(parsed.consumed <= size);
    begin += parsed.consumed;
    outcome.last = parsed.stop;
    if (parsed.stop == Stop::broken) {
      return outcome;
    }
    if (parsed.stop == Stop::more_input) {
      require(parsed.consumed == 0 || parted);
      if (end == input.size()) {
        return outcome;
      }
      end = std::min(input.size(), end + step);
      continue;
    }
    require(parsed.consumed != 0);
    const std::string_view view(seen.get(), size);
    require(inside(reply.line, view) && inside(reply.key, view) && inside(reply.value, view) &&
            inside(reply.arguments, view));
    require(carries_value(reply.kind) || (parsed.stop == Stop::reply && reply.value_size == 0));
    value += reply.value;
    if (parsed.stop == Stop::value_begins) {
      require(parser.in_value() && reply.value_size > options.max_buffered_value);
    } else if (parsed.stop == Stop::reply) {
      require(!parser.in_value() && value.size() == reply.value_size);
      outcome.replies.push_back(describe(reply, value));
      value.clear();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Outcome whole = run(kBuffered, input, size + 1);
  require(run(kBuffered, input, 1) == whole);
  require(run(kBuffered, input, 7) == whole);
  // A value in parts keeps what its line said; only the views into the line are gone. Where the
  // stream breaks or ends within a value, how far it got depends on the cut.
  for (const size_t step : {size + 1, size_t{3}, size_t{1}}) {
    require(run(kStreaming, input, step).replies == whole.replies);
  }
  return 0;
}
