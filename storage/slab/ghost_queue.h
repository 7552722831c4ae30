// SPDX-License-Identifier: BSD-3-Clause
// GhostQueue: fingerprints of the keys that left the probationary queue unread. A key that comes
// back while it is remembered goes straight to the main queue (S3-FIFO; Yang, Zhang, Qiu, Yue,
// Vinayak, SOSP 2023).
//
// Buckets of eight 16-bit fingerprints, each a FIFO of its own: two bytes a key remembered, no
// order between buckets to keep. A false match (8 in 65536) only promotes a key too early.
//
// Invariants: no buckets, or a power of two of them; a fingerprint of 0 is an empty place.
// Threads: its class's mutex. Cost: one cache line a call; 2 to 4 bytes an item of the class.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/item/hash.h"

namespace ember::storage {

class GhostQueue {
 public:
  /// Remembers about as many keys as `items` from now on. Forgets all when that changes twofold.
  void resize(size_t items);

  /// Remembers a key in place of the oldest in its bucket; does nothing before resize().
  void remember(Hash hash);

  /// Returns true if `hash` was remembered, and forgets it.
  bool recall(Hash hash);

  /// Returns the bytes of memory in use.
  size_t bytes() const { return buckets_.size() * sizeof(Bucket); }

 private:
  using Bucket = std::array<uint16_t, 8>;
  static constexpr size_t kLeastItems = 1024;

  Bucket& bucket_of(Hash hash) { return buckets_[(hash >> 20) & (buckets_.size() - 1)]; }
  static uint16_t fingerprint_of(Hash hash) {
    const auto fingerprint = static_cast<uint16_t>(hash >> 4);
    return fingerprint == 0 ? uint16_t{1} : fingerprint;
  }

  std::vector<Bucket> buckets_;
};

}  // namespace ember::storage
