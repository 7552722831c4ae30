// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/ghost_queue.h"

#include <gtest/gtest.h>

namespace ember::storage {
namespace {

// Bits 4 to 19 are the fingerprint, those above choose the bucket.
Hash hash_of(uint64_t bucket, uint64_t fingerprint) { return bucket << 20 | fingerprint << 4; }

TEST(GhostQueue, OfNoSizeRemembersNothing) {
  GhostQueue ghosts;
  ghosts.remember(hash_of(1, 2));
  EXPECT_FALSE(ghosts.recall(hash_of(1, 2)));
  EXPECT_EQ(ghosts.bytes(), 0U);
}

TEST(GhostQueue, RecallsOnce) {
  GhostQueue ghosts;
  ghosts.resize(1024);
  EXPECT_FALSE(ghosts.recall(hash_of(1, 2)));
  ghosts.remember(hash_of(1, 2));
  EXPECT_FALSE(ghosts.recall(hash_of(1, 3)));
  EXPECT_FALSE(ghosts.recall(hash_of(2, 2)));
  EXPECT_TRUE(ghosts.recall(hash_of(1, 2)));
  EXPECT_FALSE(ghosts.recall(hash_of(1, 2)));
}

TEST(GhostQueue, ForgetsTheOldestOfABucketFirst) {
  GhostQueue ghosts;
  ghosts.resize(1024);
  for (uint64_t fingerprint = 1; fingerprint <= 9; ++fingerprint) {
    ghosts.remember(hash_of(5, fingerprint));
  }
  EXPECT_FALSE(ghosts.recall(hash_of(5, 1)));
  for (uint64_t fingerprint = 2; fingerprint <= 9; ++fingerprint) {
    EXPECT_TRUE(ghosts.recall(hash_of(5, fingerprint))) << fingerprint;
  }
}

TEST(GhostQueue, AFingerprintOfZeroIsNoEmptyPlace) {
  GhostQueue ghosts;
  ghosts.resize(1024);
  EXPECT_FALSE(ghosts.recall(0));
  ghosts.remember(0);
  EXPECT_TRUE(ghosts.recall(0));
  EXPECT_FALSE(ghosts.recall(0));
}

TEST(GhostQueue, TakesTwoBytesAKey) {
  GhostQueue ghosts;
  ghosts.resize(1 << 16);
  EXPECT_EQ(ghosts.bytes(), size_t{2} << 16);
}

TEST(GhostQueue, KeepsWhatItKnowsUntilItsSizeDoubles) {
  GhostQueue ghosts;
  ghosts.resize(4096);
  const size_t bytes = ghosts.bytes();
  ghosts.remember(hash_of(5, 1));
  ghosts.resize(3000);
  EXPECT_EQ(ghosts.bytes(), bytes);
  EXPECT_TRUE(ghosts.recall(hash_of(5, 1)));
  ghosts.remember(hash_of(5, 1));
  ghosts.resize(8192);
  EXPECT_EQ(ghosts.bytes(), bytes * 2);
  EXPECT_FALSE(ghosts.recall(hash_of(5, 1)));
  ghosts.resize(1024);
  EXPECT_LT(ghosts.bytes(), bytes);
}

}  // namespace
}  // namespace ember::storage
