// SPDX-License-Identifier: BSD-3-Clause
#include "base/nearest_name.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace ember {

size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the table of distances between the beginnings of a and b; two back for a swap.
  std::vector<size_t> before;
  std::vector<size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t> row(b.size() + 1);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::move(above);
    above = std::move(row);
  }
  const size_t longest = std::max(a.size(), b.size());
  check(above.back() <= longest && above.back() >= longest - std::min(a.size(), b.size()),
        "a distance lies between the difference of the lengths and the longer one");
  return above.back();
}

std::optional<std::string_view> nearest_name(std::string_view given,
                                             const std::vector<std::string_view>& names) {
  std::optional<std::string_view> nearest;
  // A third of the letters wrong is a typing error; more is another word.
  size_t least = given.size() / 3 + 1;
  for (const std::string_view name : names) {
    const size_t distance = edit_distance(given, name);
    if (distance < least || (distance == least && !nearest)) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace ember
