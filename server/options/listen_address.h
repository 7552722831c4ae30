// SPDX-License-Identifier: BSD-3-Clause
// listen_address: the addresses of -l, as text. Not their resolution: that is server/net.
//
// Threads: any.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/options/options.h"

namespace ember::server {

/// Adds every address of `text` to `specs`: "host", "host:port", "[v6]", "[v6]:port", "v6", "*";
/// several separated by commas or semicolons. Before each may stand, in any order and each with a
/// colon behind it: "proto[ascii]", "proto[binary]" or "proto[negotiating]", "tag[name]" (or
/// "tag_name_"), and one of "notls", "btls" and "mtls". Returns why `text` is refused, if it is.
std::optional<OptionError> parse_listen_specs(std::string_view text,
                                              std::vector<ListenAddress>& specs);

/// Returns what can only be seen when all options are read: why `specs` are refused without -Z
/// (`tls`), if they are.
std::optional<OptionError> check_listen_specs(std::span<const ListenAddress> specs, bool tls);

}  // namespace ember::server
