// SPDX-License-Identifier: BSD-3-Clause
// ReplyParser: bytes of a server's replies, classic and meta, to structs, incrementally. For
// whoever is a client: the proxy, the load generator, tests. It does not know what was asked.
//
// Ownership: views point into the input and live as long as it does.
// Invariants: what comes out does not depend on how the input was cut, but for whether a value
// larger than max_buffered_value comes with its line or after it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

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
  /// All of the first line, without its end.
  std::string_view line;
  std::string_view key;
  std::string_view value;
  /// What follows the words read: flags of a meta reply, the text of an error.
  std::string_view arguments;
};

/// True if a value follows the line.
constexpr bool carries_value(ReplyKind kind) {
  return kind == ReplyKind::value || kind == ReplyKind::meta_value;
}

class ReplyParser {
 public:
  struct Options {
    /// The longest line: a key, an opaque and all flags, or a line of stats.
    size_t max_line_size = 4096;
    /// As in Parser: a larger value is not waited for, but handed over as it comes.
    size_t max_buffered_value = 16384;
  };

  enum class Stop : uint8_t {
    reply,       // `reply` is whole
    more_input,  // needs more bytes
    value,       // `reply` is a line whose value and line end start at consumed
    broken,      // not a reply: close the connection
  };

  struct Step {
    size_t consumed = 0;
    Stop stop = Stop::more_input;
  };

  explicit ReplyParser(const Options& options) : options_(options) {}

  /// The first reply of `input`.
  Step parse(std::span<const char> input, Reply& reply) const;

 private:
  Options options_;
};

}  // namespace ember::protocol
