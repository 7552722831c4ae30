// SPDX-License-Identifier: BSD-3-Clause
// Lines of the classic commands. Orders of checks are memcached's: they decide which error is told.
#include <array>

#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

/// More words than any of these commands has: so many are too many.
constexpr size_t kMaxWords = 4;

/// The words behind the verb.
struct Arguments {
  std::array<std::string_view, kMaxWords> words;
  size_t count = 0;

  explicit Arguments(Words& source) {
    while (count < kMaxWords) {
      words[count] = source.next();
      if (words[count].empty()) {
        break;
      }
      ++count;
    }
  }

  /// The last word says that no reply is wanted.
  bool noreply() const { return count != 0 && words[count - 1] == "noreply"; }
};

Line refuse(Command& command, std::string_view error) {
  command.verb = Verb::invalid;
  command.error = error;
  return Line::complete;
}

/// A bad line whose length reads: what follows is a value, and must not be taken for commands.
Line refuse_value(Command& command, std::string_view error) {
  refuse(command, error);
  return Line::refused_value;
}

/// set add replace append prepend: <key> <flags> <exptime> <bytes> [noreply]; cas: one more number.
Line parse_storage(Verb verb, Words& words, Command& command) {
  // Word by word, not as Arguments: this is the second most frequent line.
  const std::string_view key = words.next();
  const std::string_view flags_word = words.next();
  const std::string_view exptime_word = words.next();
  const std::string_view size_word = words.next();
  const std::string_view unique_word = verb == Verb::cas ? words.next() : size_word;
  const std::string_view extra_word = words.next();
  if (unique_word.empty() || (!extra_word.empty() && !words.empty())) {
    return refuse(command, kError);
  }
  command.noreply = extra_word == "noreply";
  int64_t size = 0;
  if (!read_signed(size_word, size) || size < 0 || size > kMaxAnnouncedSize) {
    return refuse(command, kBadLine);
  }
  command.value_size = static_cast<uint64_t>(size);
  uint64_t client_flags = 0;
  if (key.size() > kMaxKeySize || !read_unsigned(flags_word, client_flags) ||
      !read_signed(exptime_word, command.exptime) ||
      (verb == Verb::cas && !read_unsigned(unique_word, command.number))) {
    return refuse_value(command, kBadLine);
  }
  command.client_flags = static_cast<uint32_t>(client_flags);  // as memcached: the low 32 bits
  command.key = command.key_text = key;
  return Line::storage;
}

/// incr decr: <key> <delta> [noreply]
Line parse_arithmetic(Words& words, Command& command) {
  const Arguments arguments(words);
  if (arguments.count < 2 || arguments.count > 3) {
    return refuse(command, kError);
  }
  command.noreply = arguments.noreply();
  if (arguments.words[0].size() > kMaxKeySize) {
    return refuse(command, kBadLine);
  }
  if (!read_unsigned(arguments.words[1], command.number)) {
    return refuse(command, "CLIENT_ERROR invalid numeric delta argument");
  }
  command.key = command.key_text = arguments.words[0];
  return Line::complete;
}

/// touch: <key> <exptime> [noreply]
Line parse_touch(Words& words, Command& command) {
  const Arguments arguments(words);
  if (arguments.count < 2 || arguments.count > 3) {
    return refuse(command, kError);
  }
  command.noreply = arguments.noreply();
  if (arguments.words[0].size() > kMaxKeySize) {
    return refuse(command, kBadLine);
  }
  if (!read_signed(arguments.words[1], command.exptime)) {
    return refuse(command, kBadExptime);
  }
  command.key = command.key_text = arguments.words[0];
  return Line::complete;
}

/// delete: <key> [0] [noreply]; the 0 is left over from a delay that once could stand there.
Line parse_delete(Words& words, Command& command) {
  const Arguments arguments(words);
  if (arguments.count < 1 || arguments.count > 3) {
    return refuse(command, kError);
  }
  if (arguments.count > 1) {
    const bool zero = arguments.words[1] == "0";
    command.noreply = arguments.noreply();
    const bool valid = arguments.count == 2 ? zero || command.noreply : zero && command.noreply;
    if (!valid) {
      return refuse(command,
                    "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]");
    }
  }
  if (arguments.words[0].size() > kMaxKeySize) {
    return refuse(command, kBadLine);
  }
  command.key = command.key_text = arguments.words[0];
  return Line::complete;
}

/// flush_all: [exptime] [noreply]
Line parse_flush_all(Words& words, Command& command) {
  command.arguments = words.rest();
  const Arguments arguments(words);
  if (arguments.count > 2) {
    return refuse(command, kError);
  }
  command.noreply = arguments.noreply();
  const bool now = arguments.count == (command.noreply ? 1 : 0);
  if (!now && !read_signed(arguments.words[0], command.exptime)) {
    return refuse(command, kBadExptime);
  }
  return Line::complete;
}

/// verbosity: <level> [noreply]
Line parse_verbosity(Words& words, Command& command) {
  command.arguments = words.rest();
  const Arguments arguments(words);
  if (arguments.count < 1 || arguments.count > 2) {
    return refuse(command, kError);
  }
  command.noreply = arguments.noreply();
  uint64_t level = 0;
  if (!read_unsigned(arguments.words[0], level)) {
    return refuse(command, kBadLine);
  }
  return Line::complete;
}

/// Commands whose words are for whoever executes them.
Line parse_other(Verb verb, Words& words, Command& command) {
  command.arguments = words.rest();
  const bool has_noreply = verb == Verb::cache_memlimit || verb == Verb::slabs || verb == Verb::lru;
  if (has_noreply) {
    const std::string_view text = command.arguments;
    command.noreply = text == "noreply" || text.ends_with(" noreply");
  }
  return Line::complete;
}

}  // namespace

Line parse_classic_line(Verb verb, Words words, Command& command) {
  reset(command, verb);
  switch (verb) {
    case Verb::set:
    case Verb::add:
    case Verb::replace:
    case Verb::append:
    case Verb::prepend:
    case Verb::cas:
      return parse_storage(verb, words, command);
    case Verb::get:
    case Verb::gets:
      return words.empty() ? refuse(command, kError) : Line::retrieval;
    case Verb::gat:
    case Verb::gats: {
      const std::string_view exptime = words.next();
      if (exptime.empty()) {
        return refuse(command, kError);
      }
      return read_signed(exptime, command.exptime) ? Line::retrieval : refuse(command, kBadExptime);
    }
    case Verb::delete_:
      return parse_delete(words, command);
    case Verb::incr:
    case Verb::decr:
      return parse_arithmetic(words, command);
    case Verb::touch:
      return parse_touch(words, command);
    case Verb::flush_all:
      return parse_flush_all(words, command);
    case Verb::verbosity:
      return parse_verbosity(words, command);
    case Verb::invalid:
      return refuse(command, kError);
    default:
      return parse_other(verb, words, command);
  }
}

}  // namespace ember::protocol
