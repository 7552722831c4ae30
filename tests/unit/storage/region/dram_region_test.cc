// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/dram_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace ember::storage {
namespace {

class DramRegionOf : public testing::TestWithParam<DramOptions> {
 protected:
  void SetUp() override {
    auto region = open_dram_region(GetParam());
    ASSERT_TRUE(region) << region.error().message;
    region_ = std::move(*region);
  }
  std::unique_ptr<MemoryRegion> region_;
};

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

TEST_P(DramRegionOf, IsOfTheSizeAskedAlignedAndZero) {
  const std::span<std::byte> bytes = region_->bytes();
  EXPECT_EQ(bytes.size(), GetParam().size);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 4096, 0U);
  EXPECT_TRUE(all_zero(bytes));
  EXPECT_EQ(region_->bytes().data(), bytes.data());
}

TEST_P(DramRegionOf, HasNothingToMakeDurable) { EXPECT_EQ(region_->persist(), nullptr); }

INSTANTIATE_TEST_SUITE_P(Options, DramRegionOf,
                         testing::Values(DramOptions{.size = kMiB},
                                         DramOptions{.size = 4 * kMiB, .huge_pages = true},
                                         DramOptions{.size = kMiB, .preallocate = true}));

TEST(DramRegion, SaysWhatToDoWhenAddressesRunOut) {
  const auto region = open_dram_region({.size = size_t{1} << 60});
  ASSERT_FALSE(region);
  EXPECT_NE(region.error().message.find("lower -m"), std::string::npos) << region.error().message;
}

}  // namespace
}  // namespace ember::storage
