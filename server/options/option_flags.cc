// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/option_flags.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <deque>

#include "base/check.h"

namespace ember::server {
namespace {

// What gflags points into, for as long as the process lives.
struct RegisteredFlag {
  const OptionRow* row;
  std::string name;
  std::string description;
  FlagValue current;
  FlagValue initial;
};

Mutex& registry_mutex() {
  static Mutex mutex;
  return mutex;
}

FlagValue empty_value(OptionType type) {
  switch (type) {
    case OptionType::flag:
    case OptionType::action:
      return false;
    case OptionType::count:
    case OptionType::integer:
      return int64_t{0};
    case OptionType::real:
      return 0.0;
    case OptionType::text:
      break;
  }
  return std::string();
}

void register_with_gflags(RegisteredFlag& flag) {
  std::visit(
      [&](auto& current) {
        using T = std::decay_t<decltype(current)>;
        auto* initial = &std::get<T>(flag.initial);
        gflags::FlagRegisterer(flag.name.c_str(), flag.description.c_str(),
                               "server/options/option_table.cc", &current, initial);
      },
      flag.current);
  const std::string initial(flag.row->default_value);
  const std::string said = gflags::SetCommandLineOptionWithMode(flag.name.c_str(), initial.c_str(),
                                                                gflags::SET_FLAGS_DEFAULT);
  check(!said.empty(), "a default of the option table is not of its type");
}

std::deque<RegisteredFlag>& registered_flags() {
  static std::deque<RegisteredFlag> flags = [] {
    std::deque<RegisteredFlag> made;
    for (const OptionRow& row : option_table()) {
      if (row.type != OptionType::action) {
        const FlagValue empty = empty_value(row.type);
        made.push_back(
            {&row, OptionFlags::flag_name(row), std::string(row.description), empty, empty});
      }
    }
    check(!made.empty() && made.size() < option_table().size(),
          "all options but actions are flags");
    return made;
  }();
  return flags;
}

}  // namespace

OptionFlags::OptionFlags() : lock_(registry_mutex()) {
  static const bool registered = [] {
    std::ranges::for_each(registered_flags(), register_with_gflags);
    return true;
  }();
  static_cast<void>(registered);
}

std::optional<FlagValue> OptionFlags::set(const OptionRow& row, std::string_view text) {
  auto& flags = registered_flags();
  const auto flag = std::ranges::find(flags, &row, &RegisteredFlag::row);
  check(flag != flags.end(), "an action is no flag");
  // gflags answers the empty string when the value does not parse; an empty text is no number.
  const std::string said =
      gflags::SetCommandLineOption(flag->name.c_str(), std::string(text).c_str());
  if (said.empty()) {
    return std::nullopt;
  }
  FlagValue value = flag->current;
  check(value.index() == flag->initial.index(), "a flag keeps its type");
  gflags::SetCommandLineOption(flag->name.c_str(), std::string(row.default_value).c_str());
  return value;
}

std::string OptionFlags::flag_name(const OptionRow& row) {
  std::string name(row.long_name);
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace ember::server
