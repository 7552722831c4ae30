// SPDX-License-Identifier: BSD-3-Clause
// kBinaryDialect: set, incr, delete and their likes of the binary protocol: a CAS to compare with
// in any of them, and a status as answer. Which status an outcome has is memcached's, compared
// live. Not the dispatch of binary commands (binary_commands.h).
#pragma once

#include "server/command/dialect.h"

namespace ember::server::command {

extern const Dialect kBinaryDialect;

}  // namespace ember::server::command
