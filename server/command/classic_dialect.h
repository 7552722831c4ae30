// SPDX-License-Identifier: BSD-3-Clause
// kClassicDialect: set, incr, delete and their likes of the text protocol: STORED, NOT_FOUND, a
// number, or an error line. Not meta commands (meta_dialect.h), though errors have the same lines.
#pragma once

#include <string_view>

#include "server/command/dialect.h"

namespace ember::server::command {

extern const Dialect kClassicDialect;

/// The line of a failed store that is an error in both text dialects; empty when it is none.
std::string_view store_error(const StoreResult& result);

}  // namespace ember::server::command
