// SPDX-License-Identifier: BSD-3-Clause
// json_report: what was found, for programs. Items come one at a time, so that a file of millions
// needs no memory for them: open_json(), item_json() for each, close_json(). Names and meanings are
// promised in docs/ember-inspect.1.
#pragma once

#include <string>

#include "tools/inspect/findings.h"

namespace ember::inspect {

/// Returns what stands before the items; nothing if none are listed.
std::string open_json(bool with_items);
/// Returns one item of the list; `first`: none stands before. Requires: the item was checked.
std::string item_json(const storage::Item& item, uint64_t offset, bool first);
/// Returns the rest: all findings. `with_items`: as given to open_json().
std::string close_json(const Findings& findings, bool with_items);

}  // namespace ember::inspect
