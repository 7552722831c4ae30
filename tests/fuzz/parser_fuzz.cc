// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the request parser: one input, cut at random places, with any room for commands, must
// give the same commands as whole. The feeder checks views and bounds on the way.
//
// The first byte of an input seeds the cuts, the second picks options; the rest is for the parser.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tests/unit/protocol/parse_all.h"

namespace {

using ember::protocol::Parser;
using ember::protocol::testing::Feeder;
using ember::protocol::testing::parse_whole;
using ember::protocol::testing::Parsed;

constexpr size_t kHeadSize = 2;

Parser::Options options_of(uint8_t choice) {
  Parser::Options options;
  options.max_line_size = (choice & 1) != 0 ? 2048 : 300;
  options.max_buffered_value = (choice & 2) != 0 ? 2048 : 4;
  return options;
}

void report(const char* name, const Parsed& parsed) {
  std::cerr << name << (parsed.closed ? " (closed)" : "") << ", left '" << parsed.left << "':\n";
  for (const auto& command : parsed.commands) {
    std::cerr << "  " << command << "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeadSize) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + kHeadSize, size - kHeadSize);
  const Parser::Options options = options_of(data[1]);
  const Parsed whole = parse_whole(input, options);
  const size_t room = 2 + (data[1] >> 2) % 8;
  uint32_t random = data[0];
  const size_t largest = (data[0] & 1) != 0 ? 16 : 600;
  const Parsed cut = Feeder(options, room).feed(input, [&] {
    random = random * 1664525 + 1013904223;  // Numerical Recipes
    return (random >> 16) % largest;
  });
  // What is left of a line that closes depends on how much of it came in.
  const bool same = whole.commands == cut.commands && whole.closed == cut.closed &&
                    (whole.closed || whole.left == cut.left);
  if (!same) {
    report("whole", whole);
    report("cut", cut);
    std::abort();
  }
  return 0;
}
