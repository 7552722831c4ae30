// SPDX-License-Identifier: BSD-3-Clause
// UdpFrame: the eight bytes before every datagram of memcached's UDP protocol, requests and replies
// alike (protocol.txt, "UDP protocol"), four 16-bit numbers, the most significant byte first:
//
//     0           2                 4                   6          8
//     | request id | sequence number | datagrams in all  | reserved |
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ember::protocol {

struct UdpFrame {
  static constexpr size_t kSize = 8;

  /// The client's choice; a reply repeats it.
  uint16_t request_id = 0;
  /// From 0, within one request or reply.
  uint16_t sequence = 0;
  /// Datagrams that the request or reply consists of.
  uint16_t total = 0;
  /// 0 in what we send, not looked at in what we get.
  uint16_t reserved = 0;

  bool operator==(const UdpFrame&) const = default;
};

/// Nothing when `datagram` is too short.
std::optional<UdpFrame> read_udp_frame(std::span<const char> datagram);

void write_udp_frame(const UdpFrame& frame, std::span<char, UdpFrame::kSize> out);

}  // namespace ember::protocol
