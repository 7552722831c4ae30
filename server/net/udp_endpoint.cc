// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/udp_endpoint.h"

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace ember::server::net {
namespace {

/// Room for the one piece of ancillary data that is asked for.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
};

void read_local(msghdr& message, UdpPeer& peer) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      std::memcpy(&peer.local_inet, CMSG_DATA(part), sizeof(peer.local_inet));
      peer.has_local = true;
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      std::memcpy(&peer.local_inet6, CMSG_DATA(part), sizeof(peer.local_inet6));
      peer.has_local = true;
    }
  }
}

template <typename Info>
void write_local(msghdr& message, int level, int type, const Info& info) {
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  debug_check(part != nullptr, "the ancillary data has room");
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof(Info));
  std::memcpy(CMSG_DATA(part), &info, sizeof(Info));
  message.msg_controllen = CMSG_SPACE(sizeof(Info));
}

void write_local(msghdr& message, const UdpPeer& peer) {
  if (peer.address.any.sa_family == AF_INET) {
    in_pktinfo info = peer.local_inet;
    info.ipi_ifindex = 0;  // routed as any other answer
    write_local(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info = peer.local_inet6;
    if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
      info.ipi6_ifindex = 0;
    }
    write_local(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

uint16_t UdpPeer::port() const {
  return ntohs(address.any.sa_family == AF_INET ? address.inet.sin_port : address.inet6.sin6_port);
}

uint64_t UdpPeer::network() const {
  if (address.any.sa_family == AF_INET) {
    return ntohl(address.inet.sin_addr.s_addr) >> 8;
  }
  uint64_t first = 0;
  std::memcpy(&first, &address.inet6.sin6_addr, sizeof(first));
  return first;
}

bool UdpPeer::is_unicast() const {
  if (port() == 0) {
    return false;
  }
  if (address.any.sa_family == AF_INET) {
    const in_addr_t from = ntohl(address.inet.sin_addr.s_addr);
    // What was sent to all of a network was not sent to the address that took it.
    const bool to_us_alone =
        !has_local || local_inet.ipi_addr.s_addr == local_inet.ipi_spec_dst.s_addr;
    return to_us_alone && from != INADDR_ANY && from != INADDR_BROADCAST && !IN_MULTICAST(from);
  }
  const bool to_us_alone = !has_local || !IN6_IS_ADDR_MULTICAST(&local_inet6.ipi6_addr);
  return to_us_alone && !IN6_IS_ADDR_UNSPECIFIED(&address.inet6.sin6_addr) &&
         !IN6_IS_ADDR_MULTICAST(&address.inet6.sin6_addr);
}

std::optional<UdpEndpoint::Datagram> UdpEndpoint::receive() {
  Datagram datagram;
  Control control;
  iovec range{.iov_base = buffer_.get(), .iov_len = kReceiveSize};
  msghdr message{};
  message.msg_name = &datagram.peer.address;
  message.msg_namelen = sizeof(datagram.peer.address);
  message.msg_iov = &range;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(fd_, &message, MSG_DONTWAIT);
  } while (size < 0 && (errno == EINTR || errno == ECONNREFUSED));
  if (size < 0) {
    return std::nullopt;
  }
  debug_check(size <= static_cast<ssize_t>(kReceiveSize), "a datagram fits its buffer");
  debug_check(message.msg_namelen <= sizeof(datagram.peer.address), "an address fits its place");
  datagram.peer.address_size = message.msg_namelen;
  read_local(message, datagram.peer);
  datagram.bytes = {buffer_.get(), static_cast<size_t>(size)};
  return datagram;
}

bool UdpEndpoint::send(const UdpPeer& peer, std::span<const char> bytes) {
  debug_check(peer.address_size > 0 && bytes.size() < kReceiveSize,
              "a datagram has an address, and a size that UDP can carry");
  Control control;
  iovec range{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<UdpPeer::Address*>(&peer.address);
  message.msg_namelen = peer.address_size;
  message.msg_iov = &range;
  message.msg_iovlen = 1;
  if (peer.has_local) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    write_local(message, peer);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

}  // namespace ember::server::net
