// SPDX-License-Identifier: BSD-3-Clause
// arithmetic: what ma and the binary incr and decr have in common: counting an item up or down, and
// making it when it is missing. Not the answer's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/command/context.h"

namespace ember::server::command {

struct ArithmeticRequest {
  storage::ArithmeticRule rule;
  /// A missing item is made, with this expiry and the initial value.
  std::optional<UnixSeconds> vivify;
  uint64_t initial = 0;
};

/// What it came to: the number and what its item is like.
struct Number {
  storage::Outcome outcome = storage::Outcome::not_found;
  uint64_t value = 0;
  uint64_t cas = 0;
  UnixSeconds expiry = 0;
  /// The item was missing, and was made.
  bool created = false;
};

Number calculate(const Context& context, const storage::ItemName& name,
                 const ArithmeticRequest& request);

/// An existing item counted up or down; watchers are told that it was looked at.
storage::Counted calculate_at(const Context& context, const storage::ItemName& name,
                              const storage::ArithmeticRule& rule);

/// Counts hits and misses of a calculation.
void count_arithmetic(const Context& context, bool decrement, const storage::Counted& counted);

}  // namespace ember::server::command
