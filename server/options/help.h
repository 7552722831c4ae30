// SPDX-License-Identifier: BSD-3-Clause
// help: what -h, -V and -i print, in memcached's shape, from the option tables.
#pragma once

#include <string>
#include <string_view>

namespace ember::server {

/// The memcached whose protocol, options and statistics Ember follows.
inline constexpr std::string_view kMemcachedVersion = "1.6.45";
inline constexpr std::string_view kEmberVersion = "0.1.0";

/// -h
std::string help_text();

/// -V: "memcached 1.6.45 (ember 0.1.0)". Tools take the second word of `memcached -V` (or what
/// follows "memcached ") for the version and choose features by it; Ember's own would mislead them.
std::string version_text();

/// -i
std::string license_text();

}  // namespace ember::server
