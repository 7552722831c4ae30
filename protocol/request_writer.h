// SPDX-License-Identifier: BSD-3-Clause
// request_writer: the lines of requests, classic and meta, as a LineWriter's bytes. For every
// program that is a client: the load generator, the tests, a proxy. Not the value behind a line,
// not where bytes go.
//
// Requires, of every function: the line has room for the max_ of its name, and keys are 1 to
// kMaxKeySize bytes without blanks and control characters.
// Cost: inline; nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/command.h"
#include "protocol/line_writer.h"

namespace ember::protocol {

/// The longest word of a verb.
inline constexpr size_t kMaxVerbSize = 14;

/// Room for a key in a request, the blank before it included.
constexpr size_t max_request_key(std::string_view key) { return 1 + key.size(); }

/// " <key>": the next key of a retrieval line, or the only key of another.
inline LineWriter& write_request_key(std::string_view key, LineWriter& line) {
  debug_check(!key.empty() && key.size() <= kMaxKeySize, "a request's key has a key's size");
  return line.letter(' ').text(key);
}

/// A storage command of the classic protocol.
struct StoreLine {
  Verb verb = Verb::set;
  std::string_view key;
  uint32_t client_flags = 0;
  int64_t exptime = 0;
  uint64_t value_size = 0;
  uint64_t cas = 0;  // of Verb::cas
  bool noreply = false;
};

constexpr size_t max_store_line(std::string_view key) {
  constexpr size_t kNumbers = size_t{4} * (1 + kMaxDecimalSize);
  constexpr size_t kNoreply = 8;
  return kMaxVerbSize + max_request_key(key) + kNumbers + kNoreply + kLineEnd.size();
}

/// "set <key> <flags> <exptime> <bytes>[ <cas>][ noreply]\r\n"; value and line end are to follow.
void write_store_line(const StoreLine& store, LineWriter& line);

/// "mg <key>", "ms <key> <bytes>": the start of a meta line. Flags (LineWriter::flag) and the line
/// end are to follow. `value_size` is of ms only.
LineWriter& begin_meta_line(Verb verb, std::string_view key, uint64_t value_size, LineWriter& line);

constexpr size_t max_request_line(const Command& command) {
  return max_store_line(command.key_text) + 1 + command.arguments.size() + 1 +
         command.meta.text.size();
}

/// Any command of the text protocols as its line: what a proxy passes on. The keys of a retrieval
/// come one by one, so each is a line of its own. Requires: it is no get_end and not invalid.
void write_request_line(const Command& command, LineWriter& line);

}  // namespace ember::protocol
