// SPDX-License-Identifier: BSD-3-Clause
// Refusal: why a value or a command line is not taken, or nothing when it is. What each refusal
// says and exits with is memcached's, where memcached refuses too. Not the warnings and
// notes of what is taken: those are in Options.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "server/options/options.h"

namespace ember::server {

using Refusal = std::optional<OptionError>;

/// Returns a refusal of one value: memcached exits with 1.
inline OptionError mistake(std::string message) {
  return {.message = std::move(message), .exit_code = 1};
}

/// Returns a refusal of what does not fit together.
inline OptionError usage(std::string message) {
  return {.message = std::move(message), .exit_code = kUsageExitCode};
}

}  // namespace ember::server
