// SPDX-License-Identifier: BSD-3-Clause
// tls_suboptions: what the ssl_* words behind -o do to Options. Their names and descriptions are in
// suboption_table.cc; certificates are loaded by server/net/tls/tls_context.h.
#pragma once

#include <optional>
#include <string_view>

#include "server/options/options.h"

namespace ember::server {

/// Sets what `name` is for. `value` is empty where none was given; `number` is it, where it is one
/// that the table has limits for.
std::optional<OptionError> set_tls_suboption(std::string_view name, std::string_view value,
                                             double number, Options& options);

/// What can only be seen when all options are read.
std::optional<OptionError> check_tls(const Options& options);

}  // namespace ember::server
