// SPDX-License-Identifier: BSD-3-Clause
// Opening stores (storage/store.h).
#include "storage/region/dram_region.h"
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

TEST(Store, WantsItsRegionToBeOfItsSize) {
  const Clock clock;
  const auto region = *open_dram_region({.size = 2 * kMiB});
  EXPECT_TRUE(Store::open({.memory_limit = 2 * kMiB}, *region, clock));
  EXPECT_FALSE(Store::open({.memory_limit = 4 * kMiB}, *region, clock));
  EXPECT_FALSE(Store::open({.memory_limit = 0}, *region, clock));
  EXPECT_FALSE(Store::open({.memory_limit = 2 * kMiB - 4096}, *region, clock));
}

TEST(Store, OneStoreDoesNotKnowAnothersItems) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  OpenedStore other({.memory_limit = kMiB});
  opened.set("key", "value");
  EXPECT_FALSE(other.has("key"));
}

}  // namespace
}  // namespace ember::storage
