// SPDX-License-Identifier: BSD-3-Clause
// Datagrams and the sockets they come by: who sent them, where answers come from, who shares what.
#include "server/net/udp_endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "server/net/sockets.h"
#include "tests/unit/server/net/test_loop.h"

namespace ember::server::net {
namespace {

UdpPeer peer_of(const char* source, const char* asked, const char* own) {
  UdpPeer peer;
  peer.address.inet.sin_family = AF_INET;
  peer.address.inet.sin_port = htons(5000);
  peer.address_size = sizeof(sockaddr_in);
  ::inet_pton(AF_INET, source, &peer.address.inet.sin_addr);
  ::inet_pton(AF_INET, asked, &peer.local_inet.ipi_addr);
  ::inet_pton(AF_INET, own, &peer.local_inet.ipi_spec_dst);
  peer.has_local = true;
  return peer;
}

UdpPeer peer6_of(const char* source, const char* asked) {
  UdpPeer peer;
  peer.address.inet6.sin6_family = AF_INET6;
  peer.address.inet6.sin6_port = htons(5000);
  peer.address_size = sizeof(sockaddr_in6);
  ::inet_pton(AF_INET6, source, &peer.address.inet6.sin6_addr);
  ::inet_pton(AF_INET6, asked, &peer.local_inet6.ipi6_addr);
  peer.has_local = true;
  return peer;
}

TEST(UdpPeer, OnlyOneMachineToOneMachineIsUnicast) {
  EXPECT_TRUE(peer_of("192.0.2.1", "192.0.2.9", "192.0.2.9").is_unicast());
  EXPECT_FALSE(peer_of("192.0.2.1", "192.0.2.255", "192.0.2.9").is_unicast());
  EXPECT_FALSE(peer_of("192.0.2.1", "224.0.0.1", "192.0.2.9").is_unicast());
  EXPECT_FALSE(peer_of("0.0.0.0", "192.0.2.9", "192.0.2.9").is_unicast());
  EXPECT_FALSE(peer_of("255.255.255.255", "192.0.2.9", "192.0.2.9").is_unicast());
  EXPECT_FALSE(peer_of("224.0.0.251", "192.0.2.9", "192.0.2.9").is_unicast());
  UdpPeer no_port = peer_of("192.0.2.1", "192.0.2.9", "192.0.2.9");
  no_port.address.inet.sin_port = 0;
  EXPECT_FALSE(no_port.is_unicast());
  EXPECT_TRUE(peer6_of("2001:db8::1", "2001:db8::9").is_unicast());
  EXPECT_FALSE(peer6_of("2001:db8::1", "ff02::1").is_unicast());
  EXPECT_FALSE(peer6_of("ff02::1", "2001:db8::9").is_unicast());
  EXPECT_FALSE(peer6_of("::", "2001:db8::9").is_unicast());
}

TEST(UdpPeer, NeighboursAreOneNetwork) {
  const auto network = [](const char* text) {
    return peer_of(text, "192.0.2.9", "192.0.2.9").network();
  };
  EXPECT_EQ(network("192.0.2.1"), network("192.0.2.254"));
  EXPECT_NE(network("192.0.2.1"), network("192.0.3.1"));
  const auto network6 = [](const char* text) { return peer6_of(text, "2001:db8::9").network(); };
  EXPECT_EQ(network6("2001:db8:1:2::1"), network6("2001:db8:1:2:ffff::1"));
  EXPECT_NE(network6("2001:db8:1:2::1"), network6("2001:db8:1:3::1"));
}

/// A client's socket, connected to `port` of `host`.
Fd client_of(const char* host, uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  EXPECT_EQ(0, ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  return fd;
}

class Echo final : public Readable {
 public:
  explicit Echo(int fd) : endpoint(fd) {}
  void on_readable() override {
    ++calls;
    if (const auto datagram = endpoint.receive()) {
      received.emplace_back(datagram->bytes.data(), datagram->bytes.size());
      EXPECT_TRUE(datagram->peer.is_unicast());
      EXPECT_TRUE(endpoint.send(datagram->peer, datagram->bytes));
    }
  }
  UdpEndpoint endpoint;
  std::vector<std::string> received;
  int calls = 0;
};

class UdpEndpointTest : public PollerTest {};

INSTANTIATE_TEST_SUITE_P(Pollers, UdpEndpointTest,
                         testing::Values(PollerKind::uring, PollerKind::epoll), kind_name);

TEST_P(UdpEndpointTest, WhatIsLeftUnreadIsToldAgain) {
  auto sockets = open_udp({.host = "127.0.0.1", .port = 0}, 1, {});
  ASSERT_TRUE(sockets) << sockets.error().message;
  Echo echo(sockets->front().fd.get());
  poller->watch(echo, echo.endpoint.fd());
  const Fd client = client_of("127.0.0.1", sockets->front().port);
  for (const std::string_view text : {"one", "", "three"}) {
    ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(client.get(), text.data(), text.size(), 0));
  }
  run_until([&] { return echo.received.size() == 3; });
  EXPECT_EQ(echo.received, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_GE(echo.calls, 3);
  EXPECT_EQ(read_some(client), "one");
  poller->unwatch(echo);
  const int calls = echo.calls;
  ASSERT_EQ(4, ::send(client.get(), "four", 4, 0));
  poller->turn(0);
  poller->turn(0);
  EXPECT_EQ(echo.calls, calls);
}

TEST_P(UdpEndpointTest, TheAnswerComesFromTheAddressThatWasAsked) {
  auto sockets = open_udp({.host = "", .port = 0}, 1, {});
  ASSERT_TRUE(sockets) << sockets.error().message;
  for (const ListenSocket& socket : *sockets) {
    if (socket.inet6) {
      continue;
    }
    Echo echo(socket.fd.get());
    poller->watch(echo, echo.endpoint.fd());
    // A connected socket hears nobody but 127.0.0.2.
    const Fd client = client_of("127.0.0.2", socket.port);
    ASSERT_EQ(2, ::send(client.get(), "hi", 2, 0));
    std::string got;
    run_until([&] {
      got += read_some(client);
      return !got.empty();
    });
    EXPECT_EQ(got, "hi");
    poller->unwatch(echo);
    // Its completion may still refer to the echo.
    poller->turn(0);
    poller->turn(0);
  }
}

TEST(OpenUdp, CopiesShareAnAddressAndStrangersDoNot) {
  const auto sockets = open_udp({.host = "127.0.0.1", .port = 0}, 3, {});
  ASSERT_TRUE(sockets) << sockets.error().message;
  ASSERT_EQ(3U, sockets->size());
  const uint16_t port = sockets->front().port;
  EXPECT_NE(0, port);
  for (const ListenSocket& socket : *sockets) {
    EXPECT_EQ(socket.name, "udp:127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(local_name(socket.fd.get()), socket.name);
  }
  const auto second = open_udp({.host = "127.0.0.1", .port = port}, 1, {});
  ASSERT_FALSE(second);
  EXPECT_NE(std::string::npos, second.error().message.find("in use"));
  EXPECT_NE(std::string::npos, second.error().message.find("-U"));
}

TEST(OpenUdp, OneClientIsAlwaysHeardByOneCopy) {
  const auto sockets = open_udp({.host = "127.0.0.1", .port = 0}, 4, {});
  ASSERT_TRUE(sockets) << sockets.error().message;
  const Fd client = client_of("127.0.0.1", sockets->front().port);
  constexpr int kCount = 20;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(1, ::send(client.get(), "x", 1, 0));
  }
  std::vector<int> heard;
  for (const ListenSocket& socket : *sockets) {
    UdpEndpoint endpoint(socket.fd.get());
    int count = 0;
    while (endpoint.receive()) {
      ++count;
    }
    if (count > 0) {
      heard.push_back(count);
    }
  }
  EXPECT_EQ(heard, std::vector<int>{kCount});
}

}  // namespace
}  // namespace ember::server::net
