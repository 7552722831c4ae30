// SPDX-License-Identifier: BSD-3-Clause
// suboption_table: every word that memcached takes behind -o, once: what -h and docs/options.md
// say of it, and what its value must be. What those that work do to Options: suboptions.cc.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "server/options/option_table.h"

namespace ember::server {

enum class SuboptionValue : uint8_t {
  none,      // takes none; one that is given is not looked at
  optional,  // takes a whole number within the limits, or none
  whole,     // must have a whole number within the limits
  real,      // must have a number between the limits, not equal to them
  text,      // must have one
};

struct SuboptionRow {
  std::string_view name;
  SuboptionValue value;
  std::string_view default_value;  // "" where there is none
  std::string_view description;    // "\n" between the lines of help; empty: not in help
  Support support = Support::no_effect;
  std::string_view remark = {};
  double least = 0;
  double most = std::numeric_limits<uint32_t>::max();
  /// What memcached says of a value beyond the limits, "{}" for the value and a second one for
  /// "low" or "high"; "" where it says nothing of its own.
  std::string_view limits_message = {};
  /// What memcached says when the value is missing; "": "Missing NAME argument".
  std::string_view missing_message = {};
};

/// In the order of help.
std::span<const SuboptionRow> suboption_table();

}  // namespace ember::server
