// SPDX-License-Identifier: BSD-3-Clause
// Command: one parsed request, whatever protocol it came in. Not its execution, not its bytes.
//
// A retrieval line of n keys ("get a b c") is n commands, one a key, and a get_end: so a multiget
// of any length streams, and pipelines and multigets look the same to whoever looks keys up.
//
// Ownership: views point into the input handed to the parser, or into the parser's scratch space
// (decoded base64 keys). They live until the next call of the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ember::protocol {

/// The longest key, as in protocol.txt.
inline constexpr size_t kMaxKeySize = 250;

enum class Verb : uint8_t {
  // One key of a retrieval line; get_end closes the line.
  get,
  gets,
  gat,
  gats,
  get_end,
  // Storage: value follows the line.
  set,
  add,
  replace,
  append,
  prepend,
  cas,
  // The rest of the classic commands with a key.
  delete_,  // NOLINT(readability-identifier-naming): delete is a keyword
  incr,
  decr,
  touch,
  // Meta commands (protocol.txt, "Meta Commands").
  mg,
  ms,
  md,
  ma,
  mn,
  me,
  // Commands without a key; their words are in `arguments`.
  flush_all,
  version,
  verbosity,
  quit,
  stats,
  shutdown,
  cache_memlimit,
  slabs,
  lru,
  lru_crawler,
  watch,
  refresh_certs,
  debugtime,
  // Of the binary protocol only. sasl_auth and sasl_step: the key is the mechanism, the value what
  // the client says in it; a value too long to wait for is dropped, and value_complete is false.
  noop,
  sasl_list_mechs,
  sasl_auth,
  sasl_step,
  // Not a valid request: `error` is the reply line.
  invalid,
};

/// How an ms or ma does its work: the M flag.
enum class MetaMode : uint8_t { unset, set, add, append, prepend, replace, incr, decr };

/// The flags of a meta command. Numbers are valid only where has() says their flag was given.
struct MetaFlags {
  /// The flags as sent, blanks between, without the line end: replies echo them in this order.
  std::string_view text;
  /// Bit (letter - 'A') for each flag given.
  uint64_t seen = 0;
  /// O(token), without the letter.
  std::string_view opaque;
  uint64_t cas_compare = 0;   // C
  uint64_t cas_new = 0;       // E
  uint64_t delta = 1;         // D
  uint64_t initial = 0;       // J
  int64_t ttl = 0;            // T, in seconds, as exptime
  int64_t vivify_ttl = 0;     // N
  int64_t recache_ttl = 0;    // R
  uint32_t client_flags = 0;  // F
  MetaMode mode = MetaMode::unset;

  bool has(char flag) const { return ((seen >> (flag - 'A')) & 1) != 0; }
};

/// What a request of the binary protocol has beyond a command of the text protocols.
struct BinaryFields {
  /// The CAS to match; 0 matches all.
  uint64_t cas = 0;
  /// incr, decr: what a missing item begins with.
  uint64_t initial = 0;
  /// Of the client's choice, echoed in the answer as it stands in the bytes.
  uint32_t opaque = 0;
  /// Echoed; says also whether the answer to a retrieval has the key.
  uint8_t opcode = 0;
};

struct Command {
  Verb verb = Verb::invalid;
  /// No reply is wanted: the classic `noreply`, or for get_end and errors: nothing. Of a binary
  /// command: it came in its quiet form, whose expected answer is not wanted; errors are.
  bool noreply = false;
  /// It came in the binary protocol and is answered in it: `binary` has more of it.
  bool is_binary = false;
  /// Storage commands: `value` holds all of it and its terminator was right. False while the value
  /// is still arriving (see Parser).
  bool value_complete = false;
  uint32_t client_flags = 0;
  /// As sent: 0 never, negative at once, up to 30 days relative, above that Unix time.
  int64_t exptime = 0;
  /// cas: the unique to match. incr, decr: the delta. flush_all: unused (see arguments; binary: the
  /// delay is in exptime). Binary verbosity: the level. Binary, invalid: the status.
  uint64_t number = 0;
  /// Storage commands: bytes of value announced, without the terminator.
  uint64_t value_size = 0;
  /// 1 to kMaxKeySize bytes, decoded if it came in base64. Empty for commands without a key.
  std::string_view key;
  /// The key as sent: for the k flag's echo.
  std::string_view key_text;
  std::string_view value;
  /// Commands without a key: all words after the first, as sent ("items" of "stats items").
  std::string_view arguments;
  /// invalid: the reply, without its line end ("ERROR", "CLIENT_ERROR bad data chunk").
  std::string_view error;
  /// Meta commands only; stale from an earlier command otherwise.
  MetaFlags meta;
  /// Binary commands only; stale otherwise.
  BinaryFields binary;
};

/// Returns the verb as clients write it: "get", "delete"; of the binary protocol's: "noop".
/// "invalid" for what is none.
std::string_view name_of(Verb verb);

/// Returns true for commands whose line is followed by a value.
constexpr bool carries_value(Verb verb) {
  return (verb >= Verb::set && verb <= Verb::cas) || verb == Verb::ms;
}

/// Returns true for one key of a retrieval line.
constexpr bool is_retrieval(Verb verb) { return verb <= Verb::gats; }

/// Returns true for commands that name a key.
constexpr bool has_key(Verb verb) {
  return is_retrieval(verb) || (verb >= Verb::set && verb <= Verb::me && verb != Verb::mn) ||
         verb == Verb::sasl_auth || verb == Verb::sasl_step;
}

}  // namespace ember::protocol
