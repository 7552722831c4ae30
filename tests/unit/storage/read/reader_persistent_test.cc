// SPDX-License-Identifier: BSD-3-Clause
// Reading from persistent memory (storage/read/reader.h) writes no line of it.
#include "tests/unit/storage/reopened_store.h"

namespace ember::storage {
namespace {

class FindOnPersistentMemory : public ReopenedStore {
 protected:
  FindOnPersistentMemory() {
    crash();
    region_ = std::make_unique<PersistentRegion>(kSize, PersistentRegion::persistent_memory);
    start();
    for (size_t i = 0; i < 2000; ++i) {
      now().set(numbered("key", i), pattern(i % 900));
    }
    now().set("large", pattern(400'000));
  }
  void read_all(Access access) {
    now().clock.advance(10);
    for (size_t round = 0; round < 5; ++round) {
      for (size_t i = 0; i < 2000; ++i) {
        const std::string key = numbered("key", i);
        now().store->prefetch_bucket(hash_key(key));
        now().store->prefetch_item(hash_key(key));
        ASSERT_TRUE(now().find(key, access));
        ASSERT_FALSE(now().find(numbered("absent", i), access));
      }
      ASSERT_TRUE(now().get("large") == pattern(400'000));
      ASSERT_EQ(now().find("expired", access).miss, Miss::expired);
      now().thread->quiesce();
      now().clock.advance(100);  // a mark that is an hour old is made again
    }
    const Found large = now().find("large", access);
    ASSERT_TRUE(now().store->pin(*now().thread, *large.item));
    now().store->unpin(*large.item);
  }
};

TEST_F(FindOnPersistentMemory, WritesAndFlushesNothing) {
  for (const bool recovered : {false, true}) {
    if (recovered) {
      restart(5);
    }
    now().set("expired", "value", now().clock.now() + 1);
    const auto before = region().image();
    const uint64_t flushes = region().counts().flushes();
    const uint64_t fences = region().counts().fences();
    read_all(Access::peek);
    read_all(Access::mark);
    EXPECT_EQ(region().counts().flushes(), flushes);
    EXPECT_EQ(region().counts().fences(), fences);
    EXPECT_TRUE(region().image() == before);
  }
}

TEST_F(FindOnPersistentMemory, TheCountsCountWrites) {
  const auto before = region().image();
  const uint64_t flushes = region().counts().flushes();
  now().set("key0", "other");
  EXPECT_GE(region().counts().flushes(), flushes + 3) << "item, seal, end of the old one";
  EXPECT_GE(region().counts().bytes(), 3U * Item::kHeaderSize);
  EXPECT_FALSE(region().image() == before);
}

}  // namespace
}  // namespace ember::storage
