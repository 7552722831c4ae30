// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/command_line.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/numbers.h"
#include "server/options/argument_reader.h"
#include "server/options/option_checks.h"
#include "server/options/option_flags.h"
#include "server/options/option_setters.h"
#include "server/options/refusal.h"

namespace ember::server {
namespace {

Refusal count_verbose(const GivenOption& given, Options& options) {
  if (given.value) {
    const auto level = parse_u64(*given.value);
    if (!level || *level > 3) {
      return mistake(fmt::format("--verbose takes 0 to 3, not \"{}\"", *given.value));
    }
    options.verbosity = static_cast<uint32_t>(*level);
  } else {
    // As memcached: no limit, and no meaning above 3.
    ++options.verbosity;
  }
  return std::nullopt;
}

Action action_of(const OptionRow& row) {
  switch (row.short_name) {
    case 'h':
      return Action::print_help;
    case 'V':
      return Action::print_version;
    case 'i':
      return Action::print_license;
    default:
      check(false, "an action has no code");
      return Action::serve;
  }
}

/// The form gflags takes: "64m" is 64 to -m, as it is to memcached.
std::string_view plain_value(const OptionRow& row, std::string_view value) {
  if (row.long_name == "memory-limit" && value.size() > 1 &&
      (value.ends_with('m') || value.ends_with('M'))) {
    value.remove_suffix(1);
  }
  return value;
}

std::string_view expected_of(OptionType type) {
  switch (type) {
    case OptionType::integer:
      return "a whole number";
    case OptionType::real:
      return "a number";
    case OptionType::flag:
      return "true or false, or no value";
    default:
      return "something else";
  }
}

Refusal take(const GivenOption& given, OptionFlags& flags, Options& options) {
  check(given.row != nullptr && given.row->support != Support::refused,
        "only what Ember starts with is taken");
  const OptionRow& row = *given.row;
  if (row.type == OptionType::count) {
    return count_verbose(given, options);
  }
  std::string text = given.value.value_or("true");
  if (row.long_name == "memory-limit") {
    options.memory_auto = text == "auto";
    text = options.memory_auto ? "0" : text;
  }
  const auto value = flags.set(row, plain_value(row, text));
  if (!value) {
    return OptionError{
        fmt::format("{} takes {}, not \"{}\"", option_name(row), expected_of(row.type), text),
        row.long_name == "memory-limit" || row.long_name == "port" ? kUsageExitCode : 1};
  }
  if (row.support == Support::no_effect) {
    options.notes.push_back(fmt::format("{} has no effect: {}", option_name(row), row.remark));
  }
  return set_option(row, *value, options);
}

/// What follows from -Y and -S.
void apply_authentication(Options& options) {
  if (!options.auth_file.empty() && options.sasl) {
    options.sasl = false;
    options.warnings.emplace_back(
        "-S has no effect beside -Y: only the text protocol is spoken, which has no SASL");
  }
  if (!options.auth_file.empty()) {
    options.protocol = Protocol::ascii;
  } else if (options.sasl) {
    options.protocol = Protocol::binary;
  }
  check(options.auth_file.empty() || !options.sasl, "there is one way to authenticate");
}

bool listens_nowhere(const Options& options) {
  return options.tcp_port == 0 && options.udp_port == 0 && options.unix_socket.empty();
}

/// As memcached: -U alone is for TCP too.
void share_udp_port(Options& options) {
  if (!options.tcp_port_given && options.udp_port != 0) {
    options.tcp_port = options.udp_port;
  }
}

}  // namespace

std::expected<Options, OptionError> parse_options(const std::vector<std::string>& arguments) {
  OptionFlags flags;
  ArgumentReader reader(arguments);
  Options options;
  std::vector<const OptionRow*> refused;
  while (true) {
    const auto next = reader.next();
    if (!next) {
      return std::unexpected(next.error());
    }
    const std::optional<GivenOption>& given = *next;
    if (!given) {
      break;
    }
    if (given->row->type == OptionType::action) {
      options.action = action_of(*given->row);
      return options;
    }
    if (given->row->support == Support::refused) {
      refused.push_back(given->row);
    } else if (Refusal refusal = take(*given, flags, options)) {
      return std::unexpected(std::move(*refusal));
    }
  }
  for (const std::string& word : reader.ignored_words()) {
    options.notes.push_back(fmt::format("\"{}\" is no option and was ignored", word));
  }
  if (Refusal refusal = check_together(options, refused)) {
    return std::unexpected(std::move(*refusal));
  }
  apply_authentication(options);
  share_udp_port(options);
  if (options.tls_enabled && options.udp_port != 0) {
    // As memcached, which says nothing.
    options.warnings.emplace_back(
        "-Z does not cover UDP: what goes over -U is plain (-U 0 switches it off)");
  }
  if (listens_nowhere(options)) {
    options.warnings.emplace_back(
        "-p 0 without -U or -s: no client can connect (-p -1 takes any free port)");
  }
  return options;
}

std::optional<OptionError> refuse_root(const Options& options, uint32_t effective_user) {
  if (effective_user == 0 && options.user.empty()) {
    return usage("can't run as root without the -u switch");
  }
  return std::nullopt;
}

}  // namespace ember::server
