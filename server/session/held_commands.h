// SPDX-License-Identifier: BSD-3-Clause
// HeldCommands: commands that outlive the input they were parsed from, with their own copy of every
// byte they refer to.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "protocol/command.h"

namespace ember::server::session {

class HeldCommands {
 public:
  explicit HeldCommands(std::span<const protocol::Command> commands);
  HeldCommands(const HeldCommands&) = delete;
  HeldCommands& operator=(const HeldCommands&) = delete;

  std::span<const protocol::Command> commands() const { return commands_; }

 private:
  std::vector<protocol::Command> commands_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace ember::server::session
