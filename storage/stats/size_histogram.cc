// SPDX-License-Identifier: BSD-3-Clause
#include "storage/stats/size_histogram.h"

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace ember::storage {

void SizeHistogram::Free::operator()(uint32_t* counts) const { std::free(counts); }

void SizeHistogram::enable(uint64_t from) {
  if (counts_ == nullptr) {
    // calloc, because it takes large zeroed memory from the system without touching it.
    counts_.reset(static_cast<uint32_t*>(std::calloc(buckets_, sizeof(uint32_t))));
    check(counts_ != nullptr, "there is memory for counts of sizes");
  }
  for (size_t bucket = 0; bucket < buckets_; ++bucket) {
    if (__atomic_load_n(&counts_[bucket], __ATOMIC_RELAXED) != 0) {
      __atomic_store_n(&counts_[bucket], 0, __ATOMIC_RELAXED);
    }
  }
  check(from != kNever, "a write has a number");
  from_.store(from, std::memory_order_release);
}

void SizeHistogram::count(const Item& item, uint32_t change) {
  if (item.sequence() > from_.load(std::memory_order_acquire)) {
    debug_check(counts_ != nullptr, "sizes are counted once there are counts");
    const size_t bucket = std::min((item.size() + kStep - 1) / kStep, buckets_ - 1);
    __atomic_fetch_add(&counts_[bucket], change, __ATOMIC_RELAXED);
  }
}

std::vector<std::pair<size_t, uint32_t>> SizeHistogram::counts() const {
  std::vector<std::pair<size_t, uint32_t>> all;
  check(!on() || counts_ != nullptr, "there are counts while sizes are counted");
  for (size_t bucket = 0; on() && bucket < buckets_; ++bucket) {
    if (const uint32_t count = __atomic_load_n(&counts_[bucket], __ATOMIC_RELAXED); count != 0) {
      all.emplace_back(bucket * kStep, count);
    }
  }
  return all;
}

}  // namespace ember::storage
