// SPDX-License-Identifier: BSD-3-Clause
// Command: a verb's word; moving a command's views to a copy of its input.
#include "protocol/command.h"

#include <array>
#include <functional>

namespace ember::protocol {
namespace {

/// In the order of Verb.
constexpr auto kWords = std::to_array<std::string_view>({
    "get",
    "gets",
    "gat",
    "gats",
    "get_end",
    "set",
    "add",
    "replace",
    "append",
    "prepend",
    "cas",
    "delete",
    "incr",
    "decr",
    "touch",
    "mg",
    "ms",
    "md",
    "ma",
    "mn",
    "me",
    "flush_all",
    "version",
    "verbosity",
    "quit",
    "stats",
    "shutdown",
    "cache_memlimit",
    "slabs",
    "lru",
    "lru_crawler",
    "watch",
    "refresh_certs",
    "debugtime",
    "noop",
    "sasl_list_mechs",
    "sasl_auth",
    "sasl_step",
    "invalid",
});
static_assert(kWords.size() == static_cast<size_t>(Verb::invalid) + 1);

}  // namespace

std::string_view name_of(Verb verb) { return kWords[static_cast<size_t>(verb)]; }

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
