// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/memory_region.h"

#include <gtest/gtest.h>

#include <array>

#include "base/check.h"

namespace ember::storage {
namespace {

/// What every region has that overrides nothing.
class PlainRegion final : public MemoryRegion {
 public:
  std::span<std::byte> bytes() override { return bytes_; }
  Persist* persist() override { return nullptr; }

 private:
  std::array<std::byte, 64> bytes_{};
};

TEST(PlainRegion, IsViewedInPlace) {
  PlainRegion region;
  std::array<std::byte, 16> room;
  const auto view = region.view(48, room);
  EXPECT_EQ(view.data(), region.bytes().data() + 48);
  EXPECT_EQ(view.size(), room.size());
}

TEST(PlainRegion, StaysAsLargeAsItIs) {
  PlainRegion region;
  EXPECT_EQ(region.capacity(), 64U);
  const auto grown = region.grow(2 * kMiB);
  ASSERT_FALSE(grown);
  EXPECT_NE(grown.error().message.find("restart it with a larger -m"), std::string::npos);
}

TEST(PlainRegion, OutlivesNothingAndLeavesNothing) {
  PlainRegion region;
  EXPECT_FALSE(region.persistent());
  EXPECT_EQ(region.state_path(), std::nullopt);
  EXPECT_EQ(region.page_kind(), PageKind::usual);
  EXPECT_EQ(region.whole().data(), region.bytes().data());
  EXPECT_EQ(region.found(), 64U);
}

TEST(PlainRegion, IsReadWithinItsBytesOnly) {
  PlainRegion region;
  std::array<std::byte, 16> room;
  if (kDebugChecks) {
    EXPECT_DEATH(region.view(49, room), "lies within it");
  }
}

}  // namespace
}  // namespace ember::storage
