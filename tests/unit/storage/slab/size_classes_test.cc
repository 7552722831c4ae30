// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/size_classes.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace ember::storage {
namespace {

constexpr size_t kPayload = kMiB - 64;

struct Shape {
  double factor;
  size_t smallest;
  size_t payload;
};

class SizeClassesOfShape : public testing::TestWithParam<Shape> {
 protected:
  const SizeClasses classes_{GetParam().factor, GetParam().smallest, GetParam().payload};
};

TEST_P(SizeClassesOfShape, EverySizeFitsItsClassAndNotTheOneBefore) {
  size_t wrong = 0;
  for (size_t size = 0; size <= classes_.largest(); ++size) {
    const uint8_t id = classes_.class_for(size);
    const bool fits = id >= 1 && id <= classes_.count() && classes_.chunk_size(id) >= size;
    const bool is_smallest = id == 1 || classes_.chunk_size(static_cast<uint8_t>(id - 1)) < size;
    wrong += fits && is_smallest ? 0U : 1U;
  }
  EXPECT_EQ(wrong, 0U);
}

TEST_P(SizeClassesOfShape, WhatIsLargerThanTheLargestHasNoClass) {
  EXPECT_NE(classes_.class_for(classes_.largest()), 0);
  EXPECT_EQ(classes_.class_for(size_t{classes_.largest()} + 1), 0);
  EXPECT_EQ(classes_.class_for(kGiB), 0);
}

TEST_P(SizeClassesOfShape, SizesRiseInEightsAndUseUpThePage) {
  ASSERT_GE(classes_.count(), 1U);
  ASSERT_LE(classes_.count(), SizeClasses::kMaxClasses);
  const size_t payload = GetParam().payload;
  for (size_t i = 1; i <= classes_.count(); ++i) {
    const auto id = static_cast<uint8_t>(i);
    const size_t size = classes_.chunk_size(id);
    EXPECT_GT(size, classes_.chunk_size(static_cast<uint8_t>(i - 1)));
    EXPECT_EQ(size % 8, 0U);
    EXPECT_EQ(classes_.chunks_per_page(id), payload / size);
    EXPECT_GE(classes_.chunks_per_page(id), 2U);
    // Eight bytes more a chunk would have cost a chunk.
    EXPECT_LT(payload / (size + 8), classes_.chunks_per_page(id)) << size;
  }
  EXPECT_EQ(classes_.largest(), payload / 2 / 8 * 8);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SizeClassesOfShape,
                         testing::Values(Shape{1.08, 48, kPayload}, Shape{1.25, 48, kPayload},
                                         Shape{1.08, 48, 64 * kKiB - 64}, Shape{2.0, 32, 4096},
                                         Shape{1.00001, 48, kPayload}, Shape{1e9, 48, kPayload},
                                         Shape{1.25, 50, kPayload}, Shape{1.25, kGiB, kPayload}));

TEST(SizeClasses, BeginWithTheSmallestAskedFor) {
  EXPECT_EQ(SizeClasses(1.25, 48, kPayload).chunk_size(1), 48U);
  EXPECT_EQ(SizeClasses(1.25, 50, kPayload).chunk_size(1), 56U);
}

TEST(SizeClasses, GrowByAboutTheFactor) {
  const SizeClasses classes(1.25, 96, kPayload);
  // Above, chunks are stretched to divide the page: by as much as a chunk more or less makes.
  for (uint8_t id = 2; classes.chunk_size(id) < 8192; ++id) {
    const double ratio = static_cast<double>(classes.chunk_size(id)) /
                         classes.chunk_size(static_cast<uint8_t>(id - 1));
    EXPECT_GE(ratio, 1.24) << int{id};
    EXPECT_LE(ratio, 1.36) << int{id};
  }
}

TEST(SizeClasses, ATinyFactorUsesUpTheIds) {
  EXPECT_EQ(SizeClasses(1.00001, 48, kPayload).count(), SizeClasses::kMaxClasses);
}

TEST(SizeClasses, AHugeFactorLeavesTheSmallestAndTheLargest) {
  const SizeClasses classes(1e9, 48, kPayload);
  EXPECT_EQ(classes.count(), 2U);
  EXPECT_EQ(classes.class_for(49), 2);
}

TEST(SizeClasses, ASmallestBeyondHalfAPageIsTheLargest) {
  const SizeClasses classes(1.25, kGiB, kPayload);
  EXPECT_EQ(classes.count(), 1U);
  EXPECT_EQ(classes.chunks_per_page(1), 2U);
}

}  // namespace
}  // namespace ember::storage
