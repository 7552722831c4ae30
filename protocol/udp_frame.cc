// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/udp_frame.h"

namespace ember::protocol {
namespace {

uint16_t read_number(std::span<const char> bytes) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) << 8 |
                               static_cast<uint8_t>(bytes[1]));
}

void write_number(uint16_t number, std::span<char> out) {
  out[0] = static_cast<char>(number >> 8);
  out[1] = static_cast<char>(number & 0xff);
}

}  // namespace

std::optional<UdpFrame> read_udp_frame(std::span<const char> datagram) {
  if (datagram.size() < UdpFrame::kSize) {
    return std::nullopt;
  }
  return UdpFrame{.request_id = read_number(datagram.subspan(0, 2)),
                  .sequence = read_number(datagram.subspan(2, 2)),
                  .total = read_number(datagram.subspan(4, 2)),
                  .reserved = read_number(datagram.subspan(6, 2))};
}

void write_udp_frame(const UdpFrame& frame, std::span<char, UdpFrame::kSize> out) {
  write_number(frame.request_id, out.subspan(0, 2));
  write_number(frame.sequence, out.subspan(2, 2));
  write_number(frame.total, out.subspan(4, 2));
  write_number(frame.reserved, out.subspan(6, 2));
}

}  // namespace ember::protocol
