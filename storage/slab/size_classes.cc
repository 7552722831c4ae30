// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/size_classes.h"

#include <algorithm>
#include <functional>

#include "base/bytes.h"
#include "base/check.h"

namespace ember::storage {

SizeClasses::SizeClasses(double growth_factor, size_t smallest, size_t page_payload) {
  check(growth_factor > 1.0, "chunk sizes grow");
  const size_t largest = largest_for(page_payload);
  double wanted = static_cast<double>(align_up(std::min(smallest, largest), 8));
  while (count() + 1 < kMaxClasses && wanted < static_cast<double>(largest)) {
    const size_t size = align_up(static_cast<size_t>(wanted), 8);
    const size_t stretched = page_payload / (page_payload / size) / 8 * 8;
    // Only stretch where the rest of the page allows it: small chunks stay as asked.
    add(static_cast<uint32_t>(stretched), page_payload);
    wanted = std::max(static_cast<double>(sizes_.back() + 8),
                      static_cast<double>(sizes_.back()) * growth_factor);
  }
  add(static_cast<uint32_t>(largest), page_payload);
  by_size_.resize(largest / 8 + 1);
  uint8_t id = 1;
  for (size_t units = 0; units < by_size_.size(); ++units) {
    while (sizes_[id] < units * 8) {
      ++id;
    }
    by_size_[units] = id;
  }
  check(std::ranges::adjacent_find(sizes_, std::greater_equal<>()) == sizes_.end(),
        "a class's chunks are larger than those of the class before");
  check(class_for(largest) == count(), "the largest chunk is the last class's");
}

void SizeClasses::add(uint32_t size, size_t page_payload) {
  if (size > sizes_.back()) {
    sizes_.push_back(size);
    per_page_.push_back(static_cast<uint32_t>(page_payload / size));
  }
}

}  // namespace ember::storage
