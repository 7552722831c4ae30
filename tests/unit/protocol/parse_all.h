// SPDX-License-Identifier: BSD-3-Clause
// parse_all: feeds a parser as a session does, in pieces, and gives back deep copies of what comes
// out, so that two ways to cut one input can be compared. For unit tests and fuzz targets.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/binary_parser.h"
#include "protocol/parser.h"

namespace ember::protocol::testing {

/// Everything of a Command that means something for its verb, owned.
struct CopiedCommand {
  Verb verb = Verb::invalid;
  bool noreply = false;
  bool value_complete = false;
  bool is_binary = false;
  uint32_t client_flags = 0;
  int64_t exptime = 0;
  uint64_t number = 0;
  uint64_t value_size = 0;
  std::string key;
  std::string key_text;
  std::string value;
  std::string arguments;
  std::string error;
  std::string meta;    // flags and what they mean, as text
  std::string binary;  // the fields of a binary command, as text

  bool operator==(const CopiedCommand&) const = default;
};

inline std::string describe(const MetaFlags& meta) {
  std::string text = "[" + std::string(meta.text) + "]";
  const auto number = [&](char flag, auto value) {
    if (meta.has(flag)) {
      text += std::string(" ") + flag + "=" + std::to_string(value);
    }
  };
  number('C', meta.cas_compare);
  number('E', meta.cas_new);
  number('D', meta.delta);
  number('J', meta.initial);
  number('T', meta.ttl);
  number('N', meta.vivify_ttl);
  number('R', meta.recache_ttl);
  number('F', meta.client_flags);
  number('M', static_cast<int>(meta.mode));
  if (meta.has('O')) {
    text += " O=" + std::string(meta.opaque);
  }
  return text;
}

inline std::string describe(const BinaryFields& binary) {
  return "opcode " + std::to_string(binary.opcode) + " opaque " + std::to_string(binary.opaque) +
         " cas " + std::to_string(binary.cas) + " initial " + std::to_string(binary.initial);
}

inline CopiedCommand copy(const Command& command) {
  CopiedCommand copied{.verb = command.verb,
                       .noreply = command.noreply,
                       .value_complete = command.value_complete,
                       .is_binary = command.is_binary,
                       .client_flags = command.client_flags,
                       .exptime = command.exptime,
                       .number = command.number,
                       .value_size = command.value_size,
                       .key = std::string(command.key),
                       .key_text = std::string(command.key_text),
                       .value = std::string(command.value),
                       .arguments = std::string(command.arguments),
                       .error = std::string(command.error),
                       .meta = {},
                       .binary = {}};
  if (command.verb >= Verb::mg && command.verb <= Verb::me) {
    copied.meta = describe(command.meta);
  }
  if (command.is_binary) {
    copied.binary = describe(command.binary);
  }
  return copied;
}

inline std::ostream& operator<<(std::ostream& out, const CopiedCommand& command) {
  return out << "verb " << static_cast<int>(command.verb) << " key '" << command.key << "' text '"
             << command.key_text << "' flags " << command.client_flags << " exptime "
             << command.exptime << " number " << command.number << " size " << command.value_size
             << (command.noreply ? " noreply" : "") << (command.value_complete ? " complete" : "")
             << " value '" << command.value << "' arguments '" << command.arguments << "' error '"
             << command.error << "' meta " << command.meta << " binary " << command.binary;
}

struct Parsed {
  std::vector<CopiedCommand> commands;
  bool closed = false;
  std::string left;  // of the input

  bool operator==(const Parsed&) const = default;
};

/// Feeds `input` to a new parser. `piece` says how many bytes come next (at least 1); `room` how
/// many commands a batch may have. Aborts where the parser breaks its contract.
template <typename AnyParser>
class FeederOf {
 public:
  FeederOf(const Parser::Options& options, size_t room)
      : parser_(options), max_buffered_(options.max_buffered_value), batch_(room) {}

  Parsed feed(std::string_view input, const std::function<size_t()>& piece) {
    while (!input.empty() && !parsed_.closed) {
      const size_t size = std::min(std::max<size_t>(piece(), 1), input.size());
      receive(input.substr(0, size));
      input.remove_prefix(size);
    }
    parsed_.left = streaming_ != 0 ? "" : pending_;
    return parsed_;
  }

 private:
  /// Bytes behind a value.
  static constexpr size_t kTerminatorSize = std::is_same_v<AnyParser, Parser> ? 2 : 0;

  static void require(bool ok) {
    if (!ok) {
      std::abort();
    }
  }

  void receive(std::string_view bytes) {
    pending_ += bytes;
    bool more = true;
    while (more && !parsed_.closed) {
      more = streaming_ != 0 ? stream() : parse();
    }
  }

  /// The rest of a value that the parser handed over, terminator included.
  bool stream() {
    const size_t size = std::min(streaming_, pending_.size());
    streamed_.append(pending_, 0, size);
    pending_.erase(0, size);
    streaming_ -= size;
    if (streaming_ != 0) {
      return false;
    }
    const size_t value_size = streamed_.size() - kTerminatorSize;
    const std::string_view terminator = std::string_view(streamed_).substr(value_size);
    const bool good = kTerminatorSize == 0 || terminator == "\r\n";
    streamed_.resize(value_size);
    if (good) {
      command_.value = streamed_;
      command_.value_complete = true;
      parsed_.commands.push_back(command_);
    } else if (!command_.noreply) {
      CopiedCommand error;
      error.error = "CLIENT_ERROR bad data chunk";
      parsed_.commands.push_back(error);
    }
    streamed_.clear();
    return true;
  }

  bool parse() {
    // A copy of exactly the input: reading beyond it is an error that sanitizers see.
    const auto input = std::make_unique<char[]>(pending_.size());
    std::copy(pending_.begin(), pending_.end(), input.get());
    const Parser::Step step = parser_.parse({input.get(), pending_.size()}, batch_);
    require(step.consumed <= pending_.size() && step.count <= batch_.size());
    for (size_t i = 0; i < step.count; ++i) {
      check_views(batch_[i], {input.get(), pending_.size()});
      parsed_.commands.push_back(copy(batch_[i]));
    }
    if (step.stop == Parser::Stop::value) {
      require(step.count < batch_.size() && carries_value(batch_[step.count].verb));
      command_ = copy(batch_[step.count]);
      require(!command_.value_complete && command_.value_size > max_buffered_);
      streaming_ = command_.value_size + kTerminatorSize;
    }
    parsed_.closed = step.stop == Parser::Stop::close;
    pending_.erase(0, step.consumed);
    require(step.stop != Parser::Stop::batch_full || step.count != 0 || step.consumed != 0);
    return step.stop == Parser::Stop::batch_full ||
           (step.stop == Parser::Stop::value && !pending_.empty());
  }

  static void check_views(const Command& command, std::string_view input) {
    const auto inside = [&](std::string_view view) {
      const std::less_equal<> before;
      return view.empty() || (before(input.data(), view.data()) &&
                              before(view.data() + view.size(), input.data() + input.size()));
    };
    const bool decoded = command.key.data() != command.key_text.data();
    require(inside(command.key_text) && inside(command.value) && inside(command.arguments));
    require(decoded || inside(command.key));
    require(command.key.size() <= kMaxKeySize);
    require(command.verb == Verb::invalid || has_key(command.verb) == !command.key.empty());
    require((command.verb == Verb::invalid) == !command.error.empty());
    require(!command.value_complete || command.value.size() == command.value_size);
    require(!carries_value(command.verb) || command.value_complete);
    require(command.is_binary == std::is_same_v<AnyParser, BinaryParser>);
  }

  AnyParser parser_;
  size_t max_buffered_;
  std::vector<Command> batch_;
  Parsed parsed_;
  std::string pending_;
  size_t streaming_ = 0;
  std::string streamed_;
  CopiedCommand command_;
};

using Feeder = FeederOf<Parser>;
using BinaryFeeder = FeederOf<BinaryParser>;

/// All of `input` at once, in large batches.
template <typename AnyFeeder = Feeder>
Parsed parse_whole(std::string_view input, const Parser::Options& options = {}) {
  constexpr size_t kRoom = 64;
  return AnyFeeder(options, kRoom).feed(input, [&] { return input.size(); });
}

}  // namespace ember::protocol::testing
