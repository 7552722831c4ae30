// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/udp_frame.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace ember::protocol {
namespace {

std::span<const char> bytes_of(std::string_view text) { return {text.data(), text.size()}; }

TEST(UdpFrame, NumbersAreBigEndian) {
  const auto frame =
      read_udp_frame(bytes_of(std::string_view("\x01\x02\x03\x04\x05\x06\xff\xfeget a\r\n", 15)));
  ASSERT_TRUE(frame);
  EXPECT_EQ(
      *frame,
      (UdpFrame{.request_id = 0x0102, .sequence = 0x0304, .total = 0x0506, .reserved = 0xfffe}));
}

TEST(UdpFrame, IsReadAsWritten) {
  const UdpFrame frame{.request_id = 0x8001, .sequence = 7, .total = 0xff80, .reserved = 0};
  std::array<char, UdpFrame::kSize> bytes{};
  write_udp_frame(frame, bytes);
  EXPECT_EQ(read_udp_frame(bytes), frame);
}

TEST(UdpFrame, EightBytesAreEnoughAndNeeded) {
  const std::string_view zeros("\0\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(read_udp_frame(bytes_of(zeros)), UdpFrame{});
  for (size_t size = 0; size < zeros.size(); ++size) {
    EXPECT_FALSE(read_udp_frame(bytes_of(zeros.substr(0, size)))) << size;
  }
}

}  // namespace
}  // namespace ember::protocol
