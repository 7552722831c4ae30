// SPDX-License-Identifier: BSD-3-Clause
// option_checks: which options do not fit together: what can only be seen when all are read. Not
// the limits of one value: those are in its row.
#pragma once

#include <optional>
#include <span>

#include "server/options/option_table.h"
#include "server/options/options.h"

namespace ember::server {

/// Returns why `options` are refused, if they are. `refused` are options that were given and are
/// not available in this build.
std::optional<OptionError> check_together(const Options& options,
                                          std::span<const OptionRow* const> refused);

}  // namespace ember::server
