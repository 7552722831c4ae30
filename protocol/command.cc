// SPDX-License-Identifier: BSD-3-Clause
// Command: moving a command's views to a copy of its input.
#include "protocol/command.h"

#include <functional>

namespace ember::protocol {

void Command::rebase(const char* from, size_t size, const char* to) {
  // std::less: views may point elsewhere (scratch space, literals), where < is not defined.
  const std::less<> before;
  const auto move = [&](std::string_view& view) {
    const char* at = view.data();
    if (at == nullptr || before(at, from) || !before(at, from + size)) {
      return;
    }
    view = {to + (at - from), view.size()};
  };
  move(key);
  move(key_text);
  move(value);
  move(arguments);
  if (verb >= Verb::mg && verb <= Verb::me) {
    move(meta.text);
    move(meta.opaque);
  }
}

}  // namespace ember::protocol
