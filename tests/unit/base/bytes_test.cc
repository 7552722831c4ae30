// SPDX-License-Identifier: BSD-3-Clause
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace ember {
namespace {

TEST(Bytes, AlignUpReachesTheNextMultipleAndStaysOnOne) {
  EXPECT_EQ(align_up(0, 8), 0U);
  EXPECT_EQ(align_up(1, 8), 8U);
  EXPECT_EQ(align_up(8, 8), 8U);
  EXPECT_EQ(align_up(9, 8), 16U);
  EXPECT_EQ(align_up(4097, 4096), 8192U);
  EXPECT_EQ(align_up(5, 1), 5U);
}

TEST(Bytes, LoadReadsWhatStoreWroteAtEveryAlignment) {
  std::array<char, 24> buffer{};
  for (size_t offset = 0; offset < 16; ++offset) {
    const uint64_t value = 0x0123456789abcdefULL + offset;
    store_unaligned(buffer.data() + offset, value);
    EXPECT_EQ(load_unaligned<uint64_t>(buffer.data() + offset), value);
  }
}

TEST(Bytes, StoreWritesOnlyItsOwnBytes) {
  std::array<char, 8> buffer;
  buffer.fill('x');
  store_unaligned(buffer.data() + 3, uint16_t{0});
  EXPECT_EQ(buffer, (std::array<char, 8>{'x', 'x', 'x', 0, 0, 'x', 'x', 'x'}));
}

}  // namespace
}  // namespace ember
