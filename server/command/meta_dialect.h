// SPDX-License-Identifier: BSD-3-Clause
// kMetaDialect: ms, ma and md: what their flags ask, and answers of a code (HD, NS, EX, NF) and the
// flags that the client wants back. Not mg, me and mn.
#pragma once

#include "server/command/dialect.h"

namespace ember::server::command {

extern const Dialect kMetaDialect;

}  // namespace ember::server::command
