// SPDX-License-Identifier: BSD-3-Clause
// Parser: bytes of the text protocols (classic and meta) to commands, incrementally.
// One for each connection, small: it remembers only what a cut request needs. Not the execution
// (handler.h), not the binary protocol (binary_parser.h), not the login of -Y (login_request.h).
//
// Ownership: the caller owns input and commands; the views in the commands point into the input and
// into the parser's scratch space, and live until the next call of parse(). Threads: one.
// Errors: a bad request is a command, Verb::invalid, with the reply; no call fails.
// Invariants: the commands that come out do not depend on how the input was cut. It never looks
// beyond the input given and keeps no pointer into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "protocol/command.h"

namespace ember::protocol {

class Parser {
 public:
  struct Options {
    /// The longest request line, as memcached's; a longer one that is no retrieval closes.
    uint32_t max_line_size = 2048;
    /// A value that is not all there is waited for in the input if it is no larger than this;
    /// a larger one stops the parser with Stop::value, to be streamed to its place.
    uint32_t max_buffered_value = 2048;
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

  /// Parses as many commands as are complete, at most out.size(). Returns how far it came and why
  /// it stopped. The input is not changed; what is left begins the input of the next call, with
  /// more behind it. Requires: `out` has room for two commands.
  ///
  /// A retrieval line of up to max_line_size bytes is waited for and proved before its first key
  /// comes out: a bad one is a single error. A longer one streams, and may end in an error in
  /// place of get_end: whatever its keys have answered is taken back as far as it is not sent.
  ///
  /// After Stop::value, requires: the caller has moved value_size + 2 bytes itself (into their
  /// place, or nowhere when the command is refused) before it calls again.
  Step parse(std::span<const char> input, std::span<Command> out);

 private:
  /// Where the input begins.
  enum class State : uint8_t {
    line,  // at a request
    keys,  // within a retrieval line, between two keys
    skip,  // within a line to be dropped, up to its end
  };
  struct Cursor;

  bool step(Cursor& cursor);
  bool drop_value(Cursor& cursor);
  bool skip_line(Cursor& cursor);
  bool start_line(Cursor& cursor);
  bool parse_line(Cursor& cursor, const char* line_end);
  bool start_long_line(Cursor& cursor);
  bool start_retrieval(Cursor& cursor, const char* line_end);
  bool next_key(Cursor& cursor);
  bool end_keys(Cursor& cursor, const char* line_end);
  bool take_value(Cursor& cursor, const char* value);
  bool keep_key(std::string_view& key);

  Options options_;
  State state_ = State::line;
  // Of the retrieval line whose keys are coming.
  Verb list_verb_ = Verb::get;
  bool list_has_key_ = false;
  uint32_t scratch_used_ = 0;
  int64_t list_exptime_ = 0;
  uint64_t dropping_ = 0;  // bytes of a refused value still to come
  // Decoded keys of this call's commands; none until the first base64 key.
  std::unique_ptr<char[]> scratch_;
};

}  // namespace ember::protocol
