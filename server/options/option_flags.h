// SPDX-License-Identifier: BSD-3-Clause
// OptionFlags: the option table as gflags, for the types and the parsing of values.
// gflags' registry is one for the process and gflags' own command-line parser exits on an error;
// hence flags are set one by one here, read at once, and put back to their defaults.
//
// Threads: any; an object excludes all others while it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/mutex.h"
#include "server/options/option_table.h"

namespace ember::server {

using FlagValue = std::variant<bool, int64_t, double, std::string>;

class OptionFlags {
 public:
  /// Registers the table's rows with gflags, the first time in a process.
  OptionFlags();

  /// Sets the row's flag. Returns its value; nothing when `text` is not of the row's type.
  /// Requires: the row is no action. Those are no flags (gflags has a --help and a --version).
  std::optional<FlagValue> set(const OptionRow& row, std::string_view text);

  /// Returns the flag's name with gflags: underscores for dashes.
  static std::string flag_name(const OptionRow& row);

 private:
  MutexLock lock_;
};

}  // namespace ember::server
