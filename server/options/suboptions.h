// SPDX-License-Identifier: BSD-3-Clause
// suboptions: the list behind -o, read by suboption_table.h. Not what must fit together when the
// whole command line is read: option_checks.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/options/options.h"

namespace ember::server {

/// Takes one list, "a,b=c", into `options`; what has no effect becomes a note there. Returns why
/// the list is refused, if it is.
std::optional<OptionError> parse_suboptions(std::string_view list, Options& options);

/// Returns the value of suboption `name` in `options` as `stats settings` shows it: "yes", "0.80",
/// "tlsv1.2", bytes for kilobytes; of one without effect, its default. Requires: `name` is in the
/// table, and works or has a default.
std::string suboption_value(std::string_view name, const Options& options);

}  // namespace ember::server
