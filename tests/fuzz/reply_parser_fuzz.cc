// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the reply parser: replies found in whole input and in input that grows byte by byte are
// the same, views lie within the input, what is consumed too.
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

std::string describe(const Reply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.kind));
  for (const std::string_view view : {reply.line, reply.key, reply.value, reply.arguments}) {
    text += "|";
    text += view;
  }
  return text + "|" + std::to_string(reply.client_flags) + "|" + std::to_string(reply.number) +
         "|" + std::to_string(reply.value_size) + (reply.has_cas ? "|cas" : "");
}

struct Outcome {
  std::vector<std::string> replies;
  ReplyParser::Stop last = ReplyParser::Stop::more_input;
  bool operator==(const Outcome&) const = default;
};

/// Shows the parser `step` bytes more whenever it wants more.
Outcome run(const ReplyParser& parser, std::string_view input, size_t step) {
  Outcome outcome;
  size_t begin = 0;
  size_t end = 0;
  while (true) {
    // A copy of exactly what it may see: reading beyond it is an error that sanitizers see.
    const size_t size = end - begin;
    const auto seen = std::make_unique<char[]>(size);
    input.copy(seen.get(), size, begin);
    Reply reply;
    const auto parsed = parser.parse({seen.get(), size}, reply);
    require(parsed.consumed <= size);
    outcome.last = parsed.stop;
    if (parsed.stop == ReplyParser::Stop::more_input) {
      require(parsed.consumed == 0);
      if (end == input.size()) {
        return outcome;
      }
      end = std::min(input.size(), end + step);
      continue;
    }
    if (parsed.stop == ReplyParser::Stop::broken) {
      return outcome;
    }
    require(parsed.consumed != 0);
    const std::string_view view(seen.get(), size);
    require(inside(reply.line, view) && inside(reply.key, view) && inside(reply.value, view) &&
            inside(reply.arguments, view));
    begin += parsed.consumed;
    if (parsed.stop == ReplyParser::Stop::value) {
      require(carries_value(reply.kind));
      outcome.replies.push_back(describe(reply));
      return outcome;
    }
    require(!carries_value(reply.kind) || reply.value.size() == reply.value_size);
    outcome.replies.push_back(describe(reply));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // All values are waited for: one that is handed over comes out otherwise by how it was cut.
  const ReplyParser parser({.max_line_size = 300, .max_buffered_value = SIZE_MAX / 2});
  const Outcome whole = run(parser, input, size + 1);
  require(run(parser, input, 1) == whole);
  require(run(parser, input, 7) == whole);
  const ReplyParser streaming({.max_line_size = 300, .max_buffered_value = 4});
  run(streaming, input, size + 1);
  run(streaming, input, 3);
  return 0;
}
