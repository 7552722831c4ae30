// SPDX-License-Identifier: BSD-3-Clause
// Command: a verb's word.
#include "protocol/command.h"

#include <array>

#include "base/check.h"

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

std::string_view name_of(Verb verb) {
  const auto index = static_cast<size_t>(verb);
  check(index < kWords.size(), "every verb has a word");
  return kWords[index];
}

}  // namespace ember::protocol
