// SPDX-License-Identifier: BSD-3-Clause
// UdpEndpoint: datagrams in and out of one UDP socket, each with the addresses of both ends. Not
// what is in them, and not when there is one: that is the poller's.
//
// Threads: one's. Ownership: the descriptor is its owner's.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace ember::server::net {

/// Who sent a datagram, and to which of this machine's addresses.
struct UdpPeer {
  union Address {
    sockaddr any;
    sockaddr_in inet;
    sockaddr_in6 inet6;
  };
  Address address{};
  socklen_t address_size = 0;
  /// The address an answer comes from: the one that was asked.
  in_pktinfo local_inet{};
  in6_pktinfo local_inet6{};
  bool has_local = false;

  uint16_t port() const;
  /// The source's network as one number: the first 24 bits of an IPv4 address, 64 of an IPv6 one.
  /// Addresses within it are taken for one another's: who has one can often use all of them.
  uint64_t network() const;
  /// Whether the datagram was sent to this machine alone by somebody an answer can reach: no
  /// broadcast, no multicast, no port 0.
  bool is_unicast() const;
};

class UdpEndpoint {
 public:
  /// The largest datagram UDP can carry, and a byte more.
  static constexpr size_t kReceiveSize = 65536;

  struct Datagram {
    std::span<const char> bytes;  // until the next receive()
    UdpPeer peer;
  };

  explicit UdpEndpoint(int fd) : fd_(fd), buffer_(std::make_unique<char[]>(kReceiveSize)) {}

  int fd() const { return fd_; }

  /// The next datagram that has come; nothing when there is none.
  std::optional<Datagram> receive();

  /// Sends one datagram. False: the system did not take it (as if the network had lost it).
  bool send(const UdpPeer& peer, std::span<const char> bytes);

 private:
  int fd_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace ember::server::net
