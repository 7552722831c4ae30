// SPDX-License-Identifier: BSD-3-Clause
// cut_anywhere: one input to a request parser, whole and cut at random places with any room for
// commands, must give the same commands. The feeder checks views and bounds on the way. What the
// fuzz targets of both parsers are made of.
//
// The first byte of an input seeds the cuts, the second picks options; the rest is for the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tests/unit/protocol/parse_all.h"

namespace ember::protocol::testing {

inline Parser::Options options_of(uint8_t choice) {
  Parser::Options options;
  options.max_line_size = (choice & 1) != 0 ? 2048 : 300;
  options.max_buffered_value = (choice & 2) != 0 ? 2048 : 4;
  return options;
}

inline void report(const char* name, const Parsed& parsed) {
  std::cerr << name << (parsed.closed ? " (closed)" : "") << ", left '" << parsed.left << "':\n";
  for (const auto& command : parsed.commands) {
    std::cerr << "  " << command << "\n";
  }
}

template <typename AnyFeeder>
void cut_anywhere(const uint8_t* data, size_t size) {
  constexpr size_t kHeadSize = 2;
  if (size < kHeadSize) {
    return;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + kHeadSize, size - kHeadSize);
  const Parser::Options options = options_of(data[1]);
  const Parsed whole = parse_whole<AnyFeeder>(input, options);
  const size_t room = 2 + (data[1] >> 2) % 8;
  uint32_t random = data[0];
  const size_t largest = (data[0] & 1) != 0 ? 16 : 600;
  const Parsed cut = AnyFeeder(options, room).feed(input, [&] {
    random = random * 1664525 + 1013904223;  // Numerical Recipes
    return (random >> 16) % largest;
  });
  // What is left of a request that closes depends on how much of it came in.
  const bool same = whole.commands == cut.commands && whole.closed == cut.closed &&
                    (whole.closed || whole.left == cut.left);
  if (!same) {
    report("whole", whole);
    report("cut", cut);
    std::abort();
  }
}

}  // namespace ember::protocol::testing
