// SPDX-License-Identifier: BSD-3-Clause
// option_setters: what each option of the table does to Options, and the limits of its value. Not
// how options are told apart (argument_reader.h), not which fit together (option_checks.h).
#pragma once

#include <optional>

#include "server/options/option_flags.h"
#include "server/options/options.h"

namespace ember::server {

/// Takes one value into `options`. Returns why it is refused, if it is. Requires: the row is no
/// action, no count and not refused.
std::optional<OptionError> set_option(const OptionRow& row, const FlagValue& value,
                                      Options& options);

}  // namespace ember::server
