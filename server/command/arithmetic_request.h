// SPDX-License-Identifier: BSD-3-Clause
// ArithmeticRequest, Number: what an incr, decr or ma asks of the store, and what became of it.
// Plain data: who asks is a Dialect, who does it is arithmetic.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "storage/store.h"

namespace ember::server::command {

struct ArithmeticRequest {
  storage::ArithmeticRule rule;
  /// A missing item is made, with this expiry and the initial value.
  std::optional<UnixSeconds> vivify;
  uint64_t initial = 0;
};

/// The number, and what its item is like. Without Outcome::stored only the outcome counts.
struct Number {
  storage::Outcome outcome = storage::Outcome::not_found;
  uint64_t value = 0;
  uint64_t cas = 0;
  UnixSeconds expiry = 0;
  /// The item was missing, and was made.
  bool created = false;
};

}  // namespace ember::server::command
