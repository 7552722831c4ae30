// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/held_commands.h"

#include <cstring>
#include <string_view>

#include "base/check.h"

namespace ember::server::session {
namespace {

using protocol::Command;

bool is_meta(const Command& command) {
  return command.verb >= protocol::Verb::mg && command.verb <= protocol::Verb::me;
}

/// Calls visit(view) for each view of `command`.
template <typename Visit>
void each_view(Command& command, const Visit& visit) {
  visit(command.key);
  visit(command.key_text);
  visit(command.value);
  visit(command.arguments);
  visit(command.error);
  visit(command.meta.text);
  visit(command.meta.opaque);
}

}  // namespace

HeldCommands::HeldCommands(std::span<const Command> commands, bool value_follows)
    : commands_(commands.begin(), commands.end()), value_follows_(value_follows) {
  check(!commands.empty(), "there is a command to hold");
  debug_check(!value_follows || !commands.back().value_complete,
              "a value that is still to come is not complete");
  size_t size = 0;
  for (Command& command : commands_) {
    if (!is_meta(command)) {
      command.meta = {};  // of an earlier command, its bytes may be gone
    }
    each_view(command, [&](std::string_view view) { size += view.size(); });
  }
  bytes_ = std::make_unique_for_overwrite<char[]>(size);
  char* to = bytes_.get();
  for (Command& command : commands_) {
    each_view(command, [&](std::string_view& view) {
      if (!view.empty()) {
        std::memcpy(to, view.data(), view.size());
        view = {to, view.size()};
        to += view.size();
      }
    });
  }
  debug_check(to == bytes_.get() + size, "every byte that was counted is copied");
}

}  // namespace ember::server::session
