// SPDX-License-Identifier: BSD-3-Clause
// text_report: what was found, for people. Programs read json_report.h's.
#pragma once

#include <string>

#include "tools/inspect/findings.h"

namespace ember::inspect {

/// Returns one line, with its end; `now` tells which items are expired. Requires: the item was
/// checked.
std::string item_line(const storage::Item& item, uint64_t offset, UnixSeconds now);

/// Returns all findings, one line each. `with_pages`: a table of the chunk sizes too.
std::string text_report(const Findings& findings, bool with_pages);

}  // namespace ember::inspect
