// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: bytes of a server's replies, classic and meta, to structs, incrementally. For every
// program that is a client: the load generator, the tests, a proxy. It does not know what was
// asked: servers answer in order, so its owner matches replies to the requests under way
// (ends_answer).
//
// A connection has a parser of its own. What it does with input:
//
//   a line           Stop::reply
//   line and value   Stop::reply, if all of it is in the input
//                    Stop::more_input, if not, and the value is small enough to be waited for
//                    Stop::value_begins, if not and it is larger: value_size is known before the
//                    value; then Stop::value_part for each stretch of input, and Stop::reply, with
//                    an empty value, once the value's line end is there
//
// Ownership: views point into the input of the call that gave them. Nothing is copied.
// Invariants: what comes out does not depend on how the input was cut, but for the parts of a value
// larger than max_buffered_value.
// Errors: a peer's nonsense is Stop::broken; the stream has no meaning from there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/command.h"

namespace ember::protocol {

enum class ReplyKind : uint8_t {
  value,  // VALUE <key> <flags> <bytes>[ <cas>], and the value
  end,
  stored,
  not_stored,
  exists,
  not_found,
  deleted,
  touched,
  ok,
  number,  // the answer to incr and decr
  stat,    // key and arguments are the name and the value
  reset,
  version,  // arguments is the version
  error,
  client_error,  // arguments is the message
  server_error,  // the same
  meta_value,    // VA <bytes> <flags>, and the value
  meta_done,     // HD
  meta_miss,     // EN
  meta_not_found,
  meta_not_stored,
  meta_exists,
  meta_noop,
  meta_debug,
  other,  // a line of no known kind
};

struct Reply {
  ReplyKind kind = ReplyKind::other;
  /// value: the line named a CAS; it is in `number`.
  bool has_cas = false;
  uint32_t client_flags = 0;
  uint64_t number = 0;
  uint64_t value_size = 0;
  /// All of the first line, without its end. Empty in the parts of a value, as `key` and
  /// `arguments`.
  std::string_view line;
  std::string_view key;
  /// The value, or the part of it that this call found.
  std::string_view value;
  /// What follows the words read: flags of a meta reply, the text of an error.
  std::string_view arguments;
};

/// True if a value follows the line.
constexpr bool carries_value(ReplyKind kind) {
  return kind == ReplyKind::value || kind == ReplyKind::meta_value;
}

/// Whether a reply of `kind` is the last of the answer to a request of `verb`: a retrieval line is
/// answered with values and an END, `stats` with rows and an END, everything else with one reply.
/// An error is always the last. Not for the lists of lru_crawler and of stats cachedump.
constexpr bool ends_answer(Verb verb, ReplyKind kind) {
  if (is_retrieval(verb) || verb == Verb::get_end) {
    return kind != ReplyKind::value;
  }
  return verb != Verb::stats || kind != ReplyKind::stat;
}

class ReplyParser {
 public:
  struct Options {
    /// The longest line: a key, an opaque and all flags, or a line of stats.
    size_t max_line_size = 4096;
    /// A larger value is not waited for, but handed over as it comes.
    size_t max_buffered_value = 16384;
  };

  enum class Stop : uint8_t {
    reply,         // `reply` is whole
    more_input,    // needs more bytes behind those not consumed
    value_begins,  // `reply` is a line whose value comes in parts
    value_part,    // reply.value is the next part
    broken,        // not a reply: close the connection
  };

  struct Step {
    size_t consumed = 0;  // bytes of input done with
    Stop stop = Stop::more_input;
  };

  explicit ReplyParser(const Options& options) : options_(options) {}

  /// Reads the first reply of `input`, or the next part of the value that comes in parts. What was
  /// not consumed begins the input of the next call.
  /// Requires: from value_begins to the end of that value it is the same `reply`, which keeps what
  /// the line said. Nothing is called after Stop::broken.
  Step parse(std::span<const char> input, Reply& reply);

  /// True between Stop::value_begins and the reply's end.
  bool in_value() const { return value_left_ != 0; }

 private:
  Step take_line(const char* begin, const char* end, Reply& reply);
  Step take_value(const char* begin, const char* value, const char* end, Reply& reply);
  Step take_part(std::span<const char> input, Reply& reply);
  Step end_value(std::span<const char> input, Reply& reply);

  Options options_;
  uint64_t value_left_ = 0;  // of the value that comes in parts, its line end included
};

}  // namespace ember::protocol
