// SPDX-License-Identifier: BSD-3-Clause
// ValueStream: a value too large to wait for in a buffer, on its way from the connection to its
// place, or nowhere when its command is refused already. Not the place (protocol::IncomingValue),
// not what becomes of the value (protocol::Handler).
//
// Ownership: owns a copy of the command and, until take_place(), the place. Destroyed before it is
// complete, it drops the value.
// Threads: one worker's. Cost: bytes are copied once, from the receive buffer to the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "protocol/command.h"
#include "protocol/handler.h"
#include "server/session/held_commands.h"

namespace ember::server::session {

class ValueStream {
 public:
  /// `place` may be null: the value is swallowed. `command` is copied.
  ValueStream(const protocol::Command& command, std::unique_ptr<protocol::IncomingValue> place);

  /// Takes what belongs to the value and its terminator. Returns how many bytes that was: all of
  /// `input`, unless the value is complete. Requires: not complete.
  size_t take(std::span<const char> input);

  /// All of the value and its terminator came.
  bool complete() const { return value_left_ == 0 && terminator_left_ == 0; }

  /// Returns the command, saying whether the terminator was right. Requires: complete.
  const protocol::Command& command();

  /// The value goes nowhere: its command is answered already.
  bool swallowed() const { return place_ == nullptr; }
  std::unique_ptr<protocol::IncomingValue> take_place() { return std::move(place_); }

 private:
  HeldCommands held_;
  protocol::Command command_;
  std::unique_ptr<protocol::IncomingValue> place_;
  uint64_t value_left_;
  uint8_t terminator_left_;  // the binary protocol has none
  bool terminator_right_ = true;
};

}  // namespace ember::server::session
