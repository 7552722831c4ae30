// SPDX-License-Identifier: BSD-3-Clause
// json_report: what was found, for programs. Items come one at a time, so that a file of millions
// needs no memory for them: open_json(), item_json() for each, close_json().
#pragma once

#include <string>

#include "tools/inspect/findings.h"

namespace ember::inspect {

std::string open_json(bool with_items);
std::string item_json(const storage::Item& item, uint64_t offset, bool first);
std::string close_json(const Findings& findings, bool with_items);

}  // namespace ember::inspect
