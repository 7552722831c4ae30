// SPDX-License-Identifier: BSD-3-Clause
// Parser: finds lines, hands them to request_line, takes values, streams the keys of long lines.
#include "protocol/parser.h"

#include "base/check.h"
#include "protocol/classic_reply.h"
#include "protocol/request_line.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

constexpr size_t kTerminatorSize = 2;

/// Room for the decoded keys of some commands; a batch ends when it is used up.
constexpr size_t kScratchSize = 8 * kMaxKeySize;

/// The line's end without the carriage return before it.
const char* without_return(const char* begin, const char* line_end) {
  return line_end > begin && line_end[-1] == '\r' ? line_end - 1 : line_end;
}

/// The blank or line feed that ends a key, or `end`. Other control characters are part of it.
const char* find_key_end(const char* at, const char* end) {
  at = find_blank_or_control(at, end);
  while (at != end && *at != ' ' && *at != '\n') {
    at = find_blank_or_control(at + 1, end);
  }
  return at;
}

/// True if a word of [at, end) is longer than a key may be. Looks only at the places where the
/// last blank before that would have to be.
bool has_long_word(const char* at, const char* end) {
  while (static_cast<size_t>(end - at) > kMaxKeySize) {
    const char* blank = at + kMaxKeySize;
    while (*blank != ' ') {
      if (blank == at) {
        return true;
      }
      --blank;
    }
    at = blank + 1;
  }
  return false;
}

bool is_meta(Verb verb) { return verb >= Verb::mg && verb <= Verb::me; }

}  // namespace

/// One call of parse(): where it reads and writes.
struct Parser::Cursor {
  const char* at;
  const char* end;
  std::span<Command> out;
  size_t count = 0;
  Stop stop = Stop::more_input;

  size_t left() const { return static_cast<size_t>(end - at); }

  bool stop_for(Stop reason) {
    stop = reason;
    return false;
  }

  /// Room for one more command; otherwise the batch is full.
  bool has_room() {
    if (count < out.size()) {
      return true;
    }
    return stop_for(Stop::batch_full);
  }

  void emit_error(std::string_view error) {
    Command& command = out[count++];
    reset(command, Verb::invalid);
    command.error = error;
  }
};

Parser::Parser(const Options& options) : options_(options) {}

Parser::Step Parser::parse(std::span<const char> input, std::span<Command> out) {
  check(out.size() >= 2, "a parser needs room for two commands");
  debug_check(dropping_ == 0 || state_ == State::line, "a value is dropped between two requests");
  scratch_used_ = 0;
  Cursor cursor{.at = input.data(), .end = input.data() + input.size(), .out = out};
  while (cursor.at != cursor.end && step(cursor)) {
  }
  return {.consumed = static_cast<size_t>(cursor.at - input.data()),
          .count = cursor.count,
          .stop = cursor.stop};
}

/// Goes on by one request, key or dropped part. False: stop, for the reason in `cursor`.
bool Parser::step(Cursor& cursor) {
  if (dropping_ != 0) [[unlikely]] {
    return drop_value(cursor);
  }
  switch (state_) {
    case State::line:
      return start_line(cursor);
    case State::keys:
      return next_key(cursor);
    case State::skip:
      return skip_line(cursor);
  }
  return false;
}

bool Parser::drop_value(Cursor& cursor) {
  debug_check(dropping_ != 0, "there is a value to drop");
  const uint64_t dropped = dropping_ < cursor.left() ? dropping_ : cursor.left();
  cursor.at += dropped;
  dropping_ -= dropped;
  return true;
}

bool Parser::skip_line(Cursor& cursor) {
  debug_check(state_ == State::skip, "only a refused line is skipped");
  const char* line_end = find_byte(cursor.at, cursor.end, cursor.end, '\n');
  cursor.at = line_end;
  if (line_end != cursor.end) {
    ++cursor.at;
    state_ = State::line;
  }
  return true;
}

bool Parser::start_line(Cursor& cursor) {
  if (!cursor.has_room()) {
    return false;
  }
  // Most requests by far: "get <key>\r\n", all there. One search finds the key's end and the
  // line's.
  constexpr size_t kPrefixSize = 4;
  constexpr auto kPrefix = static_cast<uint32_t>(pack("get "));
  if (cursor.left() > kPrefixSize && load_unaligned<uint32_t>(cursor.at) == kPrefix) {
    const char* key = cursor.at + kPrefixSize;
    const char* key_end = find_blank_or_control(key, cursor.end);
    const auto size = static_cast<size_t>(key_end - key);
    if (cursor.end - key_end >= 2 && key_end[0] == '\r' && key_end[1] == '\n' && size != 0 &&
        size <= kMaxKeySize && cursor.out.size() - cursor.count >= 2) {
      Command& get = cursor.out[cursor.count];
      reset(get, Verb::get);
      get.key = get.key_text = {key, size};
      reset(cursor.out[cursor.count + 1], Verb::get_end);
      cursor.count += 2;
      cursor.at = key_end + 2;
      return true;
    }
  }
  const bool may_be_long = cursor.left() > options_.max_line_size;
  const char* bound = may_be_long ? cursor.at + options_.max_line_size + 1 : cursor.end;
  const char* line_end = find_byte(cursor.at, bound, cursor.end, '\n');
  if (line_end == bound) {
    return may_be_long ? start_long_line(cursor) : cursor.stop_for(Stop::more_input);
  }
  return parse_line(cursor, line_end);
}

bool Parser::parse_line(Cursor& cursor, const char* line_end) {
  debug_check(cursor.at <= line_end && line_end < cursor.end, "a line ends within the input");
  debug_check(cursor.count < cursor.out.size(), "there is room for the command");
  Words words(cursor.at, without_return(cursor.at, line_end), cursor.end);
  const Verb verb = verb_of(words.next(), cursor.end);
  Command& command = cursor.out[cursor.count];
  Line line;
  if (is_meta(verb)) {
    char decoded[kMaxKeySize];
    line = parse_meta_line(verb, words, command, decoded);
    if (command.key.data() == decoded && !keep_key(command.key)) {
      return cursor.stop_for(Stop::batch_full);
    }
  } else {
    line = parse_classic_line(verb, words, command);
  }
  switch (line) {
    case Line::complete:
      break;
    case Line::storage:
      return take_value(cursor, line_end + 1);
    case Line::refused_value:
      dropping_ = command.value_size + kTerminatorSize;
      break;
    case Line::retrieval:
      return start_retrieval(cursor, line_end);
  }
  cursor.at = line_end + 1;
  const bool silent = command.verb == Verb::invalid && command.noreply;
  cursor.count += silent ? 0 : 1;
  return true;
}

/// A line longer than max_line_size goes on only if it is a retrieval: its keys come out as they
/// are found. Verb and exptime stand within the bound.
bool Parser::start_long_line(Cursor& cursor) {
  const char* bound = cursor.at + options_.max_line_size;
  Words words(cursor.at, bound, cursor.end);
  const Verb verb = verb_of(words.next(), cursor.end);
  Command command;
  if (!is_retrieval(verb) || parse_classic_line(verb, words, command) != Line::retrieval) {
    return cursor.stop_for(Stop::close);
  }
  if (verb == Verb::gat || verb == Verb::gats) {
    words.next();
  }
  if (words.empty()) {
    return cursor.stop_for(Stop::close);  // its exptime may go on behind the bound
  }
  const std::string_view keys = words.rest();
  list_verb_ = verb;
  list_exptime_ = command.exptime;
  list_has_key_ = false;
  state_ = State::keys;
  cursor.at = keys.data();
  return true;
}

/// A whole retrieval line: proved good before the first key comes out.
bool Parser::start_retrieval(Cursor& cursor, const char* line_end) {
  const Command& command = cursor.out[cursor.count];
  Words words(cursor.at, without_return(cursor.at, line_end), cursor.end);
  debug_check(is_retrieval(command.verb), "only a retrieval has keys to come");
  list_verb_ = command.verb;
  list_exptime_ = command.exptime;
  list_has_key_ = false;
  words.next();
  if (list_verb_ == Verb::gat || list_verb_ == Verb::gats) {
    words.next();
  }
  const std::string_view keys = words.rest();
  if (has_long_word(keys.data(), keys.data() + keys.size())) {
    cursor.emit_error(kBadLine);
    cursor.at = line_end + 1;
    return true;
  }
  cursor.at = keys.data();
  state_ = State::keys;
  return true;
}

bool Parser::next_key(Cursor& cursor) {
  debug_check(state_ == State::keys && is_retrieval(list_verb_), "keys are of a retrieval line");
  while (cursor.at < cursor.end && *cursor.at == ' ') {
    ++cursor.at;
  }
  if (cursor.at == cursor.end) {
    return true;
  }
  const char* key_end = find_key_end(cursor.at, cursor.end);
  const bool ends_line = key_end != cursor.end && *key_end == '\n';
  const std::string_view key =
      between(cursor.at, ends_line ? without_return(cursor.at, key_end) : key_end);
  if (key.empty()) {
    return end_keys(cursor, key_end);
  }
  // A carriage return at the end may yet turn out to belong to the line's end.
  if (key_end == cursor.end && key.size() <= kMaxKeySize + 1) {
    return cursor.stop_for(Stop::more_input);
  }
  if (!cursor.has_room()) {
    return false;
  }
  if (key.size() > kMaxKeySize) {
    cursor.emit_error(kBadLine);
    cursor.at = key_end;
    state_ = State::skip;
    return true;
  }
  Command& command = cursor.out[cursor.count++];
  reset(command, list_verb_);
  command.exptime = list_exptime_;
  command.key = command.key_text = key;
  cursor.at += key.size();
  list_has_key_ = true;
  return true;
}

bool Parser::end_keys(Cursor& cursor, const char* line_end) {
  debug_check(line_end < cursor.end && *line_end == '\n', "a line of keys ends with its line feed");
  if (!cursor.has_room()) {
    return false;
  }
  const bool wants_key = list_verb_ == Verb::get || list_verb_ == Verb::gets;
  if (wants_key && !list_has_key_) {
    cursor.emit_error(kError);
  } else {
    reset(cursor.out[cursor.count++], Verb::get_end);
  }
  cursor.at = line_end + 1;
  state_ = State::line;
  return true;
}

/// The value of the storage command in out[count], which starts at `value`.
bool Parser::take_value(Cursor& cursor, const char* value) {
  Command& command = cursor.out[cursor.count];
  debug_check(value <= cursor.end, "a value begins within the input");
  debug_check(carries_value(command.verb), "only a storage command has a value");
  const auto available = static_cast<size_t>(cursor.end - value);
  const size_t size = command.value_size;
  if (available < size + kTerminatorSize) {
    if (size <= options_.max_buffered_value) {
      return cursor.stop_for(Stop::more_input);
    }
    cursor.at = value;
    return cursor.stop_for(Stop::value);
  }
  cursor.at = value + size + kTerminatorSize;
  if (value[size] == '\r' && value[size + 1] == '\n') {
    command.value = {value, size};
    command.value_complete = true;
    ++cursor.count;
  } else if (!command.noreply) {
    cursor.emit_error(kBadDataChunk);
  }
  return true;
}

/// Moves a decoded key to the scratch space; false when this call's is used up.
bool Parser::keep_key(std::string_view& key) {
  debug_check(key.size() <= kMaxKeySize, "a decoded key fits a key's place");
  debug_check(scratch_used_ <= kScratchSize, "no more scratch is used than there is");
  if (kScratchSize - scratch_used_ < key.size()) {
    return false;
  }
  if (scratch_ == nullptr) {
    scratch_ = std::make_unique_for_overwrite<char[]>(kScratchSize);
  }
  char* to = scratch_.get() + scratch_used_;
  std::memcpy(to, key.data(), key.size());
  key = {to, key.size()};
  scratch_used_ += static_cast<uint32_t>(key.size());
  return true;
}

}  // namespace ember::protocol
