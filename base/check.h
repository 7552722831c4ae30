// SPDX-License-Identifier: BSD-3-Clause
// check: stops the process on a programmer's error, in every build.
// Not for anything a client, a file or the machine can cause: that is an Error value
// (base/result.h).
#pragma once

#include <source_location>

namespace ember {

/// Prints where and what, then aborts.
[[noreturn]] void check_failed(const char* what, const std::source_location& where);

/// Aborts with `what` unless `ok`. Cost when it holds: one predicted branch.
inline void check(bool ok, const char* what,
                  const std::source_location& where = std::source_location::current()) {
  if (!ok) [[unlikely]] {
    check_failed(what, where);
  }
}

}  // namespace ember
