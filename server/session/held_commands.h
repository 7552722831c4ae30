// SPDX-License-Identifier: BSD-3-Clause
// HeldCommands: commands that outlive the input they were parsed from, with their own copy of every
// byte they refer to. Not when they are done (session.h).
//
// Ownership: owns the copies; views into them live as long as it does.
// Threads: one's. Cost: two allocations, whatever the number of commands.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "protocol/command.h"

namespace ember::server::session {

class HeldCommands {
 public:
  /// Copies `commands`. `value_follows`: the value of the last one is still to come.
  /// Requires: at least one command.
  HeldCommands(std::span<const protocol::Command> commands, bool value_follows);
  HeldCommands(const HeldCommands&) = delete;
  HeldCommands& operator=(const HeldCommands&) = delete;

  std::span<const protocol::Command> commands() const { return commands_; }
  bool value_follows() const { return value_follows_; }

 private:
  std::vector<protocol::Command> commands_;
  std::unique_ptr<char[]> bytes_;
  bool value_follows_;
};

}  // namespace ember::server::session
