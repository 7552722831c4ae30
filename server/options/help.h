// SPDX-License-Identifier: BSD-3-Clause
// help: what -h, -V and -i print, in memcached's shape, from the option tables. Not the printing.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace ember::server {

/// The memcached whose protocol, options and statistics Ember follows.
inline constexpr std::string_view kMemcachedVersion = "1.6.45";
inline constexpr std::string_view kEmberVersion = "0.1.0";

/// Returns what -h prints.
std::string help_text();

/// Returns what -V prints: "memcached 1.6.45 (ember 0.1.0)". Tools take the second word of
/// `memcached -V` (or what follows "memcached ") for the version and choose features by it; Ember's
/// own would mislead them.
std::string version_text();

/// Returns what -i prints.
std::string license_text();

}  // namespace ember::server
