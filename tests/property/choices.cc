// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/choices.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ember::property {

std::string Choices::key() {
  // The lower the number, the more often: some keys are hot, all are met.
  const uint32_t number = std::min(pick(options_.key_count), pick(options_.key_count));
  std::string key = "key" + std::to_string(number);
  // Every thirteenth key has the longest size a key may have.
  if (number % 13 == 0) {
    key.resize(250, '.');
  }
  return key;
}

std::string Choices::value() {
  if (one_in(4)) {
    return std::to_string(one_in(8) ? ~uint64_t{0} - pick(3) : random_() >> pick(64));
  }
  size_t size = 0;
  if (one_in(options_.large_one_in)) {
    size = random_() % options_.max_large_size;
  } else if (!one_in(16)) {
    size = (options_.max_value_size >> pick(10)) + pick(20);
  }
  std::string value(size, '\0');
  // Every eight bytes their own: a piece that is missing, doubled or misplaced shows.
  for (char& c : value) {
    c = static_cast<char>('!' + (random_() % 90));
  }
  return value;
}

UnixSeconds Choices::exptime() {
  if (!one_in(3)) {
    return 0;
  }
  return clock_.now() + pick(2 * options_.max_advance + 1);
}

size_t Choices::limit() {
  const auto steps = static_cast<uint32_t>((options_.most_limit - options_.least_limit) / kMiB);
  return options_.least_limit + pick(steps + 1) * kMiB;
}

std::pair<int, int> Choices::classes(const storage::Store& store) {
  const std::vector<storage::ClassStats> with_pages = store.class_stats();
  const auto count = static_cast<int>(store.class_count());
  const auto any = [&]() -> int {
    if (with_pages.empty() || one_in(8)) {
      return 1 + static_cast<int>(pick(static_cast<uint32_t>(count)));
    }
    if (one_in(4)) {
      return std::array{0, 0, -1, count + 1}.at(pick(4));
    }
    return with_pages[pick(static_cast<uint32_t>(with_pages.size()))].class_id;
  };
  const int from = any();
  return {from, any()};
}

}  // namespace ember::property
