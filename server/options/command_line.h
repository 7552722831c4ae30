// SPDX-License-Identifier: BSD-3-Clause
// command_line: Options from the arguments of a process, as memcached reads them. Not the names and
// limits of options (option_table.h), not which fit together (option_checks.h).
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "server/options/options.h"

namespace ember::server {

/// Reads `arguments` (without the program's name), from left to right as getopt_long does. When
/// one of -h, -V, -i is met, nothing behind it is looked at.
std::expected<Options, OptionError> parse_options(const std::vector<std::string>& arguments);

/// Refuses to run with root's rights when -u names nobody else. `effective_user` is geteuid().
std::optional<OptionError> refuse_root(const Options& options, uint32_t effective_user);

}  // namespace ember::server
