// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/ghost_queue.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace ember::storage {

void GhostQueue::resize(size_t items) {
  const size_t buckets = std::bit_ceil(std::max(items, kLeastItems) / std::tuple_size_v<Bucket>);
  const bool fits = buckets_.size() >= buckets && buckets_.size() <= buckets * 2;
  if (!fits) {
    buckets_.assign(buckets, Bucket{});
    buckets_.shrink_to_fit();
  }
  check(std::has_single_bit(buckets_.size()), "a hash's bits name a bucket");
}

void GhostQueue::remember(Hash hash) {
  if (buckets_.empty()) {
    return;
  }
  Bucket& bucket = bucket_of(hash);
  std::copy_backward(bucket.begin(), bucket.end() - 1, bucket.end());
  bucket.front() = fingerprint_of(hash);
  debug_check(bucket.front() != 0, "a key remembered is no empty place");
}

bool GhostQueue::recall(Hash hash) {
  if (buckets_.empty()) {
    return false;
  }
  Bucket& bucket = bucket_of(hash);
  debug_check(&bucket <= &buckets_.back(), "a hash names a bucket there is");
  const auto found = std::find(bucket.begin(), bucket.end(), fingerprint_of(hash));
  if (found == bucket.end()) {
    return false;
  }
  *found = 0;
  return true;
}

}  // namespace ember::storage
