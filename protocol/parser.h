// SPDX-License-Identifier: BSD-3-Clause
// Parser: bytes of the text protocols (classic and meta) to commands, incrementally.
// One for each connection, small: it remembers only what a cut request needs.
//
// Invariants: the commands that come out do not depend on how the input was cut. It never looks
// beyond the input given and keeps no pointer into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/command.h"

namespace ember::protocol {

class Parser {
 public:
  struct Options {
    /// The longest request line, as memcached's; a longer one that is no retrieval closes.
    size_t max_line_size = 2048;
    /// A value that is not all there is waited for in the input if it is no larger than this;
    /// a larger one stops the parser with Stop::value, to be streamed to its place.
    size_t max_buffered_value = 2048;
  };

  /// Why parse() stopped.
  enum class Stop : uint8_t {
    more_input,  // everything complete is parsed; what is left needs more bytes
    batch_full,  // `out` is full; call again with what is left
    value,       // out[count] is a storage command whose value starts at consumed
    close,       // the connection cannot go on (endless line); close it after the replies
  };

  struct Step {
    size_t consumed = 0;  // bytes of input done with
    size_t count = 0;     // commands in `out`
    Stop stop = Stop::more_input;
  };

  explicit Parser(const Options& options);

  /// Parses as many commands as are complete, at most out.size() (at least 2). The input is not
  /// changed.
  ///
  /// After Stop::value the session moves value_size + 2 bytes itself (into its place, or nowhere
  /// when refused) before it calls again.
  Step parse(std::span<const char> input, std::span<Command> out);

 private:
  Options options_;
};

}  // namespace ember::protocol
