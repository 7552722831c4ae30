// SPDX-License-Identifier: BSD-3-Clause
// nearest_name: which of the known names a mistyped one was meant to be, for error messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ember {

/// Returns how many letters must be changed, added, removed or swapped with a neighbour to make `b`
/// of `a` (the restricted Damerau-Levenshtein distance). Cost: a.size() * b.size().
size_t edit_distance(std::string_view a, std::string_view b);

/// Returns the name nearest to `given`, or nothing where none is near enough to have been meant:
/// more than a third of its letters differ.
std::optional<std::string_view> nearest_name(std::string_view given,
                                             const std::vector<std::string_view>& names);

}  // namespace ember
