// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/numbers.h"
#include "server/options/argument_reader.h"
#include "server/options/listen_address.h"
#include "server/options/option_flags.h"
#include "server/options/option_setters.h"
#include "server/options/suboptions.h"
#include "server/options/tls_suboptions.h"

namespace ember::server {
namespace {

using Refusal = std::optional<OptionError>;

OptionError mistake(std::string message) { return {.message = std::move(message), .exit_code = 1}; }

OptionError usage(std::string message) {
  return {.message = std::move(message), .exit_code = kUsageExitCode};
}

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

Refusal take(const GivenOption& given, OptionFlags& flags, Reading& reading) {
  const OptionRow& row = *given.row;
  if (row.type == OptionType::count) {
    return count_verbose(given, reading.options);
  }
  std::string text = given.value.value_or("true");
  if (row.long_name == "memory-limit") {
    reading.options.memory_auto = text == "auto";
    text = reading.options.memory_auto ? "0" : text;
  }
  const auto value = flags.set(row, plain_value(row, text));
  if (!value) {
    return OptionError{
        fmt::format("{} takes {}, not \"{}\"", option_name(row), expected_of(row.type), text),
        row.long_name == "memory-limit" || row.long_name == "port" ? kUsageExitCode : 1};
  }
  if (row.support == Support::no_effect) {
    reading.options.notes.push_back(
        fmt::format("{} has no effect: {}", option_name(row), row.remark));
  }
  return set_option(row, *value, reading);
}

/// Whether -B or a listener's proto[] allows more than `only`.
bool allows_more_than(Protocol only, const Options& options) {
  return (options.protocol_given && options.protocol != only) ||
         std::ranges::any_of(options.listen, [only](const ListenAddress& spec) {
           return spec.protocol.value_or(only) != only;
         });
}

/// Each way to authenticate is of one protocol, and the other would be a way around it.
Refusal check_authentication(const Options& options) {
  if (!options.auth_file.empty()) {
    if (options.udp_port != 0) {
      return usage("Cannot use UDP with ascii authentication enabled (-U 0 to disable)");
    }
    if (allows_more_than(Protocol::ascii, options)) {
      return usage(
          "ERROR: You cannot allow the BINARY protocol while using ascii authentication tokens.");
    }
  } else if (options.sasl) {
    if (options.udp_port != 0) {
      return usage("ERROR: Cannot enable UDP while using binary SASL authentication.");
    }
    if (allows_more_than(Protocol::binary, options)) {
      return usage("ERROR: You cannot allow the ASCII protocol while using SASL.");
    }
  }
  return std::nullopt;
}

/// What follows from -Y and -S.
void settle_authentication(Options& options) {
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
}

/// What can only be seen when all is read.
Refusal check_together(const Reading& reading, const std::vector<const OptionRow*>& refused) {
  const Options& options = reading.options;
  if (options.item_size_max < kKiB) {
    return usage("Item max size cannot be less than 1024 bytes.");
  }
  if (options.memory_auto && options.memory_file.empty()) {
    return usage("-m auto needs --memory-file, whose size it takes; give -m in megabytes");
  }
  if (options.memory_file.empty() && (options.memory_file_sync || options.memory_file_strict)) {
    return usage("--memory-file-sync and --memory-file-strict need --memory-file");
  }
  if (!options.memory_auto && options.item_size_max > options.memory_limit / 2) {
    return usage("Cannot set item size limit higher than 1/2 of memory max.");
  }
  if (options.item_size_max > kGiB) {
    return usage("Cannot set item size limit higher than a gigabyte.");
  }
  if (Refusal refusal = check_suboptions(reading.suboptions)) {
    return refusal;
  }
  if (Refusal refusal = check_listen_specs(options.listen, options.tls_enabled)) {
    return refusal;
  }
  if (Refusal refusal = check_tls(options)) {
    return refusal;
  }
  if (Refusal refusal = check_authentication(options)) {
    return refusal;
  }
  if (!refused.empty()) {
    const OptionRow& row = *refused.front();
    return usage(fmt::format("{}: {}", option_name(row), row.remark));
  }
  return std::nullopt;
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
  Reading reading;
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
      reading.options.action = action_of(*given->row);
      return reading.options;
    }
    if (given->row->support == Support::refused) {
      refused.push_back(given->row);
    } else if (Refusal refusal = take(*given, flags, reading)) {
      return std::unexpected(std::move(*refusal));
    }
  }
  for (const std::string& word : reader.ignored_words()) {
    reading.options.notes.push_back(fmt::format("\"{}\" is no option and was ignored", word));
  }
  if (Refusal refusal = check_together(reading, refused)) {
    return std::unexpected(std::move(*refusal));
  }
  settle_authentication(reading.options);
  share_udp_port(reading.options);
  if (reading.options.tls_enabled && reading.options.udp_port != 0) {
    // As memcached, which says nothing.
    reading.options.warnings.emplace_back(
        "-Z does not cover UDP: what goes over -U is plain (-U 0 switches it off)");
  }
  if (listens_nowhere(reading.options)) {
    reading.options.warnings.emplace_back(
        "-p 0 without -U or -s: no client can connect (-p -1 takes any free port)");
  }
  return reading.options;
}

std::optional<OptionError> refuse_root(const Options& options, uint32_t effective_user) {
  if (effective_user == 0 && options.user.empty()) {
    return usage("can't run as root without the -u switch");
  }
  return std::nullopt;
}

}  // namespace ember::server
