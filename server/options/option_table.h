// SPDX-License-Identifier: BSD-3-Clause
// option_table: every option there is, once: memcached's, and Ember's own few. From it come the
// command line (through gflags), -h, docs/options.md and the option section of docs/ember.1.
// Not what an option does to Options: option_setters.h. Not what is behind -o: suboption_table.h.
//
// Threads: a constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ember::server {

enum class OptionType : uint8_t {
  action,   // no value; done instead of serving
  flag,     // no value, or =true, =false
  count,    // no value; counts how often it is given
  integer,  // signed decimal
  real,
  text,
};

enum class Support : uint8_t {
  works,      // does what memcached's does; the remark tells the difference, if there is one
  no_effect,  // accepted, since memcached accepts it; the remark tells why Ember needs it not
  refused,    // Ember does not start with it; the remark is the sentence it says
};

struct OptionRow {
  char short_name;  // '\0': has none
  std::string_view long_name;
  OptionType type;
  std::string_view value_name;     // as in help: "num"; empty when it takes none
  std::string_view default_value;  // in the form it is given in
  std::string_view description;    // "\n" between the lines of help
  Support support = Support::works;
  std::string_view remark = {};
};

/// Returns all rows, in the order of help.
std::span<const OptionRow> option_table();

/// Returns the row of `short_name`; nullptr when there is none.
const OptionRow* find_option(char short_name);

/// Returns the row of `long_name`, underscores counting as dashes; nullptr when there is none.
const OptionRow* find_option(std::string_view long_name);

/// Returns "-m, --memory-limit", "--io": as the option is named in messages and documents.
std::string option_name(const OptionRow& row);

}  // namespace ember::server
