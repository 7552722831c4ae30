// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/options.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <string_view>

#include "base/numbers.h"

namespace ember::inspect {
namespace {

struct Switch {
  std::string_view name;
  bool Options::* set;
  std::string_view help;
};

constexpr std::array kSwitches = {
    Switch{"--json", &Options::json, "one JSON object instead of text"},
    Switch{"--pages", &Options::pages, "what the pages hold, by chunk size (reads the whole file)"},
    Switch{"--verify", &Options::verify,
           "compare every checksum: of pages, items, chains and the state file"},
    Switch{"--help", &Options::help, "this text"},
    Switch{"-h", &Options::help, ""},
};
constexpr std::string_view kItems = "--items";

}  // namespace

Result<Options> parse_options(std::span<char* const> arguments) {
  Options options;
  bool only_names = false;
  for (const std::string_view argument : arguments) {
    bool known = false;
    for (const Switch& each : kSwitches) {
      if (!only_names && argument == each.name) {
        options.*each.set = true;
        known = true;
      }
    }
    if (!known && !only_names && argument.starts_with(kItems)) {
      const std::string_view rest = argument.substr(kItems.size());
      const auto count = rest.empty()     ? std::numeric_limits<uint64_t>::max()
                         : rest[0] == '=' ? parse_u64(rest.substr(1))
                                          : std::nullopt;
      if (!count) {
        return fail(fmt::format("'{}': --items lists all, --items=N at most N", argument));
      }
      options.items = *count;
    } else if (!known && !only_names && argument == "--") {
      only_names = true;
    } else if (!known && !only_names && argument.size() > 1 && argument.starts_with('-')) {
      return fail(fmt::format("'{}' is not an option; --help lists them", argument));
    } else if (!known && !options.path.empty()) {
      return fail(fmt::format("'{}': one memory file at a time", argument));
    } else if (!known) {
      options.path = argument;
    }
  }
  if (options.path.empty() && !options.help) {
    return fail("name a memory file: ember-inspect FILE; --help tells more");
  }
  return options;
}

std::string help_text() {
  std::string text =
      "ember-inspect: looks into a memory file of ember's. It only reads, also while ember "
      "runs.\n\n"
      "  ember-inspect FILE             the superblock, and what the next start would make of it\n"
      "  ember-inspect FILE --pages     what it holds, by chunk size\n"
      "  ember-inspect FILE --items=10  ten items\n"
      "  ember-inspect FILE --verify    look for damage\n\n"
      "Options:\n";
  text += fmt::format("  {:<14} {}\n", "--items[=N]", "list items: all, or at most N");
  for (const Switch& each : kSwitches) {
    if (!each.help.empty()) {
      text += fmt::format("  {:<14} {}\n", each.name, each.help);
    }
  }
  return text + "\nExit code: 0 sound, 1 something is wrong, 2 the file cannot be read.\n";
}

}  // namespace ember::inspect
