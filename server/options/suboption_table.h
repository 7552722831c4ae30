// SPDX-License-Identifier: BSD-3-Clause
// suboption_table: every word that memcached takes behind -o, once: what -h and docs/options.md
// say of it, what its value must be, which member it sets, and so what `stats settings` shows of
// it. Not how a list is read: suboptions.h.
//
// Threads: a constant.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "server/net/tls/tls_options.h"
#include "server/options/option_table.h"
#include "server/options/options.h"

namespace ember::server {

enum class SuboptionValue : uint8_t {
  none,      // takes none; one that is given is not looked at
  optional,  // takes a whole number within the limits, or none
  whole,     // must have a whole number within the limits
  real,      // must have a number between the limits, not equal to them
  text,      // must have one
  path,      // must have one; it is made absolute, since -d changes the directory
  choice,    // must have one of the row's choices, by word or by number
};

/// The member that a suboption sets.
using SuboptionTarget =
    std::variant<std::monostate, bool Options::*, uint32_t Options::*, uint64_t Options::*,
                 double Options::*, bool net::TlsOptions::*, uint32_t net::TlsOptions::*,
                 uint64_t net::TlsOptions::*, std::string net::TlsOptions::*,
                 net::TlsVerify net::TlsOptions::*, net::TlsVersion net::TlsOptions::*,
                 net::TlsKeyFormat net::TlsOptions::*>;

struct SuboptionChoice {
  std::string_view word;
  uint64_t number = 0;
};

struct SuboptionRow {
  struct Bounds {
    double least = std::numeric_limits<double>::lowest();
    double most = std::numeric_limits<double>::max();
  };

  std::string_view name;  // "ext_*" stands for all names that begin so
  SuboptionValue value = SuboptionValue::none;
  std::string_view default_value = {};  // empty where there is none
  std::string_view description = {};    // "\n" between the lines of help; empty: not in help
  Support support = Support::no_effect;
  std::string_view remark = {};

  SuboptionTarget target = {};  // of all that work
  uint64_t bare = 1;            // what the target becomes when no value is given
  uint64_t unit = 1;            // what the target counts in the value's unit: kKiB for kilobytes

  double least = 0;
  double most = std::numeric_limits<uint32_t>::max();
  Bounds nearest = {};  // a number beyond them counts as the nearest
  std::span<const SuboptionChoice> choices = {};
  bool (*accepts)(std::string_view text) = nullptr;  // of a text

  /// What memcached says of a value beyond the limits, "{}" for the value and a second one for
  /// "low" or "high"; of choices, the words before the colon for a number that is none; empty where
  /// memcached says nothing of its own.
  std::string_view limits_message = {};
  /// What memcached says when the value is missing; empty: "Missing NAME argument".
  std::string_view missing_message = {};
  /// Of a text that is not accepted.
  int exit_code = 1;
};

/// Returns all rows, in the order of help.
std::span<const SuboptionRow> suboption_table();

/// Returns the row of `name`; nullptr when there is none.
const SuboptionRow* find_suboption(std::string_view name);

}  // namespace ember::server
