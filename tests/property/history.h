// SPDX-License-Identifier: BSD-3-Clause
// history: what several threads did to one key and what they were told, and whether a single
// order of those operations explains it (linearizability, Herlihy and Wing 1990).
//
// The checker follows the operations by time and keeps every state the key may be in, together with
// which of the operations then under way have already taken effect. With few threads that stays
// small, however long the history is (just-in-time linearization, Lowe 2017).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/store.h"

namespace ember::property {

/// What a key is, as far as the checker cares.
struct KeyState {
  bool present = false;
  std::string value;
  uint64_t cas = 0;
  UnixSeconds exptime = 0;
  auto operator<=>(const KeyState&) const = default;
};

struct Operation {
  enum class Kind : uint8_t { get, set, add, replace, append, increment, touch, remove, flush };
  Kind kind = Kind::get;
  std::string argument;                 // the value written or appended; the delta
  std::optional<uint64_t> cas_compare;  // set, remove
  UnixSeconds exptime = 0;              // touch
  // What the store answered; for get: stored is a hit, not_found a miss.
  storage::Outcome outcome = storage::Outcome::stored;
  KeyState seen;  // get: value and cas found; writes: the new CAS; increment: the new value too
  // Nanoseconds on one clock for all threads, just before the call and just after it.
  int64_t called = 0;
  int64_t returned = 0;
};

/// The operation's effect on `state`, or nothing if it could not have answered so in that state.
std::optional<KeyState> apply(const Operation& operation, const KeyState& state);

struct HistoryRule {
  /// The store may lose the key at any moment.
  bool may_vanish = false;
};

/// Nothing if some order explains the history of one key, absent at first; else what does not fit.
std::optional<std::string> explain(std::vector<Operation> history, const HistoryRule& rule);

/// An operation as a line of text.
std::string describe(const Operation& operation);

}  // namespace ember::property
