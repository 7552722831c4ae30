// SPDX-License-Identifier: BSD-3-Clause
// PeerAddress: the other end of a connection, in parts, for logs. Its name as one text:
// sockets.h.
#pragma once

#include <cstdint>
#include <string>

namespace ember::server::net {

struct PeerAddress {
  enum class Transport : uint8_t { unknown, tcp, local } transport = Transport::unknown;
  /// Without brackets. Empty if the other end has no address.
  std::string host;
  uint16_t port = 0;
};

/// Asks the system; of a connection that was reset it does not know any more.
PeerAddress peer_address(int fd);

}  // namespace ember::server::net
