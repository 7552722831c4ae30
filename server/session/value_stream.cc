// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/value_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace ember::server::session {
namespace {

constexpr std::string_view kTerminator = "\r\n";
constexpr uint8_t kTerminatorSize = kTerminator.size();

/// `command` without the part of its value that is in the input: it is taken from there.
protocol::Command without_value(protocol::Command command) {
  command.value = {};
  return command;
}

}  // namespace

ValueStream::ValueStream(const protocol::Command& command,
                         std::unique_ptr<protocol::IncomingValue> place)
    : held_(std::array{without_value(command)}, true),
      command_(held_.commands()[0]),
      place_(std::move(place)),
      value_left_(command.value_size),
      terminator_left_(command.is_binary ? uint8_t{0} : kTerminatorSize) {}

size_t ValueStream::take(std::span<const char> input) {
  debug_check(!complete(), "nothing belongs to a value that is complete");
  size_t taken = 0;
  while (value_left_ > 0 && taken < input.size()) {
    size_t step = std::min<size_t>(value_left_, input.size() - taken);
    if (place_ != nullptr) {
      const std::span<char> room = place_->next();
      check(!room.empty(), "a value has room until all of it is there");
      step = std::min(step, room.size());
      std::memcpy(room.data(), input.data() + taken, step);
      place_->advance(step);
    }
    taken += step;
    value_left_ -= step;
  }
  while (value_left_ == 0 && terminator_left_ > 0 && taken < input.size()) {
    const char wanted = kTerminator[kTerminator.size() - terminator_left_];
    terminator_right_ = terminator_right_ && input[taken] == wanted;
    --terminator_left_;
    ++taken;
  }
  debug_check(complete() || taken == input.size(), "a value takes all there is of it");
  return taken;
}

const protocol::Command& ValueStream::command() {
  check(complete(), "whether a value is right is known at its end");
  command_.value_complete = terminator_right_;
  return command_;
}

}  // namespace ember::server::session
