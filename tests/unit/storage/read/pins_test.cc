// SPDX-License-Identifier: BSD-3-Clause
// Bytes that stay where they are (storage/read/pins.h), seen through the store.
#include <string>
#include <vector>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

class Pinning : public testing::Test {
 protected:
  /// Writes and removes until the memory was reused several times.
  void reuse_memory() {
    const std::string other(20000, '#');
    for (size_t i = 0; i < 1200; ++i) {
      ASSERT_EQ(opened_.set(numbered("other", i), other).outcome, Outcome::stored);
      opened_.thread->quiesce();
    }
  }

  OpenedStore opened_{{.memory_limit = 4 * kMiB}};
};

TEST_F(Pinning, PinnedBytesOutliveRemovalAndReuse) {
  for (const size_t size : {size_t{20000}, 200 * kKiB}) {
    const std::string value = pattern(size);
    opened_.set("key", value);
    const Found found = opened_.find("key");
    ASSERT_TRUE(found);
    ASSERT_TRUE(opened_.store->pin(*opened_.thread, *found.item));
    opened_.remove("key");
    opened_.thread->quiesce();
    reuse_memory();
    EXPECT_EQ(opened_.value_of(*found.item), value);
    opened_.store->unpin(*found.item);
    opened_.thread->quiesce();
  }
}

TEST_F(Pinning, SmallItemsAreNotPinned) {
  opened_.set("key", "value");
  EXPECT_FALSE(opened_.store->pin(*opened_.thread, *opened_.find("key").item));
}

TEST_F(Pinning, AQuarterOfTheMemoryCanBePinned) {
  const std::string value = pattern(100 * kKiB);
  std::vector<const Item*> pinned;
  for (size_t i = 0; i < 20; ++i) {
    const std::string key = numbered("key", i);
    ASSERT_EQ(opened_.set(key, value).outcome, Outcome::stored);
    const Found found = opened_.find(key);
    ASSERT_TRUE(found);
    if (!opened_.store->pin(*opened_.thread, *found.item)) {
      break;
    }
    pinned.push_back(found.item);
  }
  EXPECT_EQ(pinned.size(), 10U);  // 1 MiB of 4
  // The same item again costs nothing more.
  EXPECT_TRUE(opened_.store->pin(*opened_.thread, *pinned[0]));
  opened_.store->unpin(*pinned[0]);
  for (const Item* item : pinned) {
    opened_.store->unpin(*item);
  }
  opened_.thread->quiesce();
  const Found found = opened_.find("key1");
  ASSERT_TRUE(found);
  EXPECT_TRUE(opened_.store->pin(*opened_.thread, *found.item));
  opened_.store->unpin(*found.item);
}

}  // namespace
}  // namespace ember::storage
