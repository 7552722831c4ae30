// SPDX-License-Identifier: BSD-3-Clause
// listen_spec: the addresses of -l, as text. Not their resolution: that is server/net.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "server/options.h"

namespace ember::server {

/// Adds every address of `text` to `specs`: "host", "host:port", "[v6]", "[v6]:port", "v6", "*";
/// several separated by commas or semicolons.
std::optional<OptionError> parse_listen_specs(std::string_view text,
                                              std::vector<ListenSpec>& specs);

}  // namespace ember::server
