// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/option_setters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/check.h"
#include "base/numbers.h"
#include "server/options/listen_address.h"
#include "server/options/refusal.h"
#include "server/options/suboptions.h"

namespace ember::server {
namespace {

// ---- Options that only switch a member.

struct Switch {
  std::string_view name;
  bool Options::* member;
  bool when_given = true;
};

constexpr auto kSwitches = std::to_array<Switch>({
    {"enable-shutdown", &Options::shutdown_command},
    {"daemon", &Options::daemonize},
    {"enable-coredumps", &Options::maximize_core},
    {"disable-evictions", &Options::evict, false},
    {"lock-memory", &Options::lock_memory},
    {"enable-largepages", &Options::large_pages},
    {"disable-cas", &Options::use_cas, false},
    {"disable-flush-all", &Options::flush_enabled, false},
    {"disable-dumping", &Options::dump_enabled, false},
    {"enable-debug-commands", &Options::debug_commands},
    {"disable-watch", &Options::watch_enabled, false},
    {"enable-sasl", &Options::sasl},
    {"memory-file-sync", &Options::memory_file_sync},
    {"memory-file-strict", &Options::memory_file_strict},
    {"enable-ssl", &Options::tls_enabled},
});

// ---- Options with a text.

Refusal set_unix_socket(const std::string& text, Options& options) {
  options.unix_socket = text;
  return std::nullopt;
}

Refusal set_unix_mask(const std::string& text, Options& options) {
  const bool octal =
      !text.empty() && text.size() <= 5 && text.find_first_not_of("01234567") == std::string::npos;
  const unsigned long mask = octal ? std::stoul(text, nullptr, 8) : 0;
  if (!octal || mask > 07777) {
    return usage(fmt::format("-a takes permissions in octal, such as 700, not \"{}\"", text));
  }
  options.unix_mask = static_cast<uint32_t>(mask);
  return std::nullopt;
}

Refusal set_listen(const std::string& text, Options& options) {
  if (!options.listen_text.empty()) {
    options.listen_text += ',';
  }
  options.listen_text += text;
  return parse_listen_specs(text, options.listen);
}

Refusal set_user(const std::string& text, Options& options) {
  options.user = text;
  return std::nullopt;
}

Refusal set_pid_file(const std::string& text, Options& options) {
  // -d changes the directory.
  options.pid_file =
      text.empty() ? text : std::filesystem::absolute(text).lexically_normal().string();
  return std::nullopt;
}

Refusal set_memory_file(const std::string& text, Options& options) {
  if (text.empty()) {
    return usage("-e takes the path of a file: its directory must be there, the file need not");
  }
  // -d changes the directory.
  options.memory_file = std::filesystem::absolute(text).lexically_normal().string();
  return std::nullopt;
}

Refusal set_auth_file(const std::string& text, Options& options) {
  if (text.empty()) {
    return usage("-Y takes the path of a file of user:password lines");
  }
  // -d changes the directory.
  options.auth_file = std::filesystem::absolute(text).lexically_normal().string();
  return std::nullopt;
}

Refusal set_prefix_delimiter(const std::string& text, Options& options) {
  if (text.empty()) {
    return mistake("No delimiter specified");
  }
  options.prefix_delimiter = text.front();
  options.detail_enabled = true;
  return std::nullopt;
}

Refusal set_protocol(const std::string& text, Options& options) {
  options.protocol_given = true;
  if (text == "auto") {
    options.protocol = Protocol::automatic;
  } else if (text == "ascii") {
    options.protocol = Protocol::ascii;
  } else if (text == "binary") {
    options.protocol = Protocol::binary;
  } else {
    return usage(
        fmt::format("Invalid value for binding protocol: {}\n"
                    " -- should be one of auto, binary, or ascii",
                    text));
  }
  return std::nullopt;
}

/// Digits with k, m or g behind them, in bytes; nothing if `text` is something else.
std::optional<uint64_t> parse_size(std::string_view text) {
  uint64_t unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k':
      case 'K':
        unit = kKiB;
        break;
      case 'm':
      case 'M':
        unit = kMiB;
        break;
      case 'g':
      case 'G':
        unit = kGiB;
        break;
      default:
        break;
    }
  }
  if (unit != 1) {
    text.remove_suffix(1);
  }
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<uint64_t>::max() / unit) {
    return std::nullopt;
  }
  return *number * unit;
}

Refusal set_item_size(const std::string& text, Options& options) {
  const auto size = parse_size(text);
  if (!size) {
    return usage(fmt::format("-I takes a number, with k or m behind it or not, not \"{}\"", text));
  }
  options.item_size_max = *size;
  return std::nullopt;
}

Refusal set_extended(const std::string& text, Options& options) {
  return parse_suboptions(text, options);
}

Refusal set_io(const std::string& text, Options& options) {
  if (text == "auto") {
    options.io = IoKind::automatic;
  } else if (text == "uring") {
    options.io = IoKind::uring;
  } else if (text == "epoll") {
    options.io = IoKind::epoll;
  } else {
    return usage(fmt::format("--io takes auto, uring or epoll, not \"{}\"", text));
  }
  return std::nullopt;
}

struct TextOption {
  std::string_view name;
  Refusal (*set)(const std::string& text, Options& options);
};

constexpr auto kTextOptions = std::to_array<TextOption>({
    {"unix-socket", set_unix_socket},
    {"unix-mask", set_unix_mask},
    {"listen", set_listen},
    {"user", set_user},
    {"memory-file", set_memory_file},
    {"auth-file", set_auth_file},
    {"pidfile", set_pid_file},
    {"prefix-delimiter", set_prefix_delimiter},
    {"protocol", set_protocol},
    {"max-item-size", set_item_size},
    {"extended", set_extended},
    {"io", set_io},
});

// ---- Options with a number.

constexpr int64_t kMost32 = std::numeric_limits<int32_t>::max();

/// Ember's own bound: each worker has a ring, buffers and counters of its own.
constexpr int64_t kMostThreads = 1024;
/// Above this many, memcached warns.
constexpr int64_t kManyThreads = 64;
/// In MiB: what 48 bits of address space hold.
constexpr int64_t kMostMemory = int64_t{1} << 28;

Refusal set_port(int64_t number, Options& options) {
  options.tcp_port = static_cast<int32_t>(number);
  options.tcp_port_given = true;
  return std::nullopt;
}

Refusal set_udp_port(int64_t number, Options& options) {
  options.udp_port = static_cast<int32_t>(number);
  return std::nullopt;
}

Refusal set_memory_limit(int64_t number, Options& options) {
  options.memory_limit = static_cast<size_t>(number) * kMiB;
  return std::nullopt;
}

Refusal set_max_connections(int64_t number, Options& options) {
  options.max_connections = static_cast<size_t>(number);
  return std::nullopt;
}

Refusal set_min_item_space(int64_t number, Options& options) {
  options.min_item_space = static_cast<size_t>(number);
  return std::nullopt;
}

Refusal set_threads(int64_t number, Options& options) {
  if (number > kManyThreads) {
    options.warnings.emplace_back(
        "-t: more worker threads than the machine has cores make it slower");
  }
  options.threads = static_cast<size_t>(number);
  return std::nullopt;
}

Refusal set_requests_per_event(int64_t number, Options& options) {
  options.requests_per_event = static_cast<size_t>(number);
  return std::nullopt;
}

Refusal set_backlog(int64_t number, Options& options) {
  options.listen_backlog = static_cast<int32_t>(number);
  return std::nullopt;
}

Refusal note_napi_ids(int64_t /*number*/, Options& /*options*/) { return std::nullopt; }

struct NumberOption {
  std::string_view name;
  int64_t least;
  int64_t most;
  Refusal (*set)(int64_t number, Options& options);
  /// What memcached says and exits with beyond the limits; {} is the number given.
  std::string_view limits_message;
  int exit_code = 1;
};

constexpr auto kNumberOptions = std::to_array<NumberOption>({
    {"port", -1, 65535, set_port, "ERROR: Invalid port number {}.", kUsageExitCode},
    {"udp-port", -1, 65535, set_udp_port, "ERROR: Invalid port number {}.", kUsageExitCode},
    {"memory-limit", 0, kMostMemory, set_memory_limit,
     "-m takes a number of megabytes up to 268435456, not {}", kUsageExitCode},
    {"conn-limit", 1, kMost32, set_max_connections, "Maximum connections must be greater than 0"},
    {"slab-min-size", 1, kMost32, set_min_item_space, "Chunk size must be greater than 0"},
    {"threads", 1, kMostThreads, set_threads, "Number of threads must be greater than 0"},
    {"max-reqs-per-event", 1, kMost32, set_requests_per_event,
     "Number of requests per event must be greater than 0"},
    {"listen-backlog", -1, kMost32, set_backlog, "-b takes a number from -1 up, not {}"},
    {"napi_ids", 1, kMost32, note_napi_ids, "Maximum number of NAPI IDs must be greater than 0"},
});

Refusal set_growth_factor(double factor, Options& options) {
  if (!std::isfinite(factor) || factor <= 1.0) {
    return mistake("Factor must be greater than 1");
  }
  options.growth_factor = factor;
  return std::nullopt;
}

// ---- From an option given to its setter.

Refusal set_number(const OptionRow& row, int64_t number, Options& options) {
  const auto found = std::ranges::find(kNumberOptions, row.long_name, &NumberOption::name);
  check(found != kNumberOptions.end(), "an option with a number has no setter");
  check(found->least < found->most, "an option's limits are in order");
  if (found->name == "threads" && number > kMostThreads) {
    return mistake(fmt::format("Number of threads must be at most {}", kMostThreads));
  }
  if (number < found->least || number > found->most) {
    return OptionError{fmt::format(fmt::runtime(found->limits_message), number), found->exit_code};
  }
  return found->set(number, options);
}

}  // namespace

std::optional<OptionError> set_option(const OptionRow& row, const FlagValue& value,
                                      Options& options) {
  switch (row.type) {
    case OptionType::flag: {
      const auto found = std::ranges::find(kSwitches, row.long_name, &Switch::name);
      check(found != kSwitches.end(), "a switch has no member");
      options.*(found->member) = std::get<bool>(value) == found->when_given;
      return std::nullopt;
    }
    case OptionType::text: {
      const auto found = std::ranges::find(kTextOptions, row.long_name, &TextOption::name);
      check(found != kTextOptions.end(), "an option with a text has no setter");
      return found->set(std::get<std::string>(value), options);
    }
    case OptionType::integer:
      return set_number(row, std::get<int64_t>(value), options);
    case OptionType::real:
      check(row.long_name == "slab-growth-factor", "a real option has no setter");
      return set_growth_factor(std::get<double>(value), options);
    case OptionType::count:
    case OptionType::action:
      break;
  }
  check(false, "counts and actions are not set");
  return std::nullopt;
}

}  // namespace ember::server
