// SPDX-License-Identifier: BSD-3-Clause
// known_value: values that say who wrote them, so that a reader can tell whether one is whole.
//
//   value  | "seed.round.connection.size|" | bytes that follow from the name |
//
// Counters (what incr works on) are decimal numbers and stand for themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ember::dax {

/// The client flags a value of this name is stored with.
uint32_t flags_of(std::string_view name);

/// A value of exactly `size` bytes, which has to be enough for its name and the bar behind it.
std::string make_value(std::string_view name, size_t size);

/// What the judge is told of a value read: its name, its number, or "torn" and why.
std::string describe_value(std::string_view value, uint32_t flags);

}  // namespace ember::dax
