// SPDX-License-Identifier: BSD-3-Clause
// check: stops the process on a programmer's error, in every build. debug_check: the same in every
// build but release, for invariants of hot paths. Not for anything a client, a file or the machine
// can cause: that is an Error value (base/result.h).
#pragma once

#include <concepts>
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

/// True in debug, asan, tsan and fuzz builds (cmake/compile_options.cmake).
#if EMBER_DEBUG_CHECKS
inline constexpr bool kDebugChecks = true;
#else
inline constexpr bool kDebugChecks = false;
#endif

/// check(), but for release builds, where it does nothing. `ok` itself is evaluated in all builds:
/// give what costs something as a function.
inline void debug_check(bool ok, const char* what,
                        const std::source_location& where = std::source_location::current()) {
  if constexpr (kDebugChecks) {
    check(ok, what, where);
  }
}

/// The same for a condition that costs something: release builds never call `holds`.
template <std::predicate Holds>
void debug_check(const Holds& holds, const char* what,
                 const std::source_location& where = std::source_location::current()) {
  if constexpr (kDebugChecks) {
    check(holds(), what, where);
  }
}

}  // namespace ember
