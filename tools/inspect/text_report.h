// SPDX-License-Identifier: BSD-3-Clause
// text_report: what was found, for people.
#pragma once

#include <string>

#include "tools/inspect/findings.h"

namespace ember::inspect {

/// One line, with its end.
std::string item_line(const storage::Item& item, uint64_t offset, UnixSeconds now);

std::string text_report(const Findings& findings, bool with_pages);

}  // namespace ember::inspect
