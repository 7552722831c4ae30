// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/socket_address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/fd.h"

namespace ember::server::net {
namespace {

TEST(SocketAddress, OfNumbersHasItsName) {
  const auto inet = SocketAddress::inet("127.0.0.1", 11211);
  ASSERT_TRUE(inet);
  EXPECT_EQ(AF_INET, inet->family());
  EXPECT_EQ("tcp:127.0.0.1:11211", inet->name());
  EXPECT_EQ("udp:127.0.0.1:11211", inet->name(SOCK_DGRAM));
  EXPECT_EQ("127.0.0.1", inet->host());
  auto inet6 = SocketAddress::inet("::1", 11211);
  ASSERT_TRUE(inet6);
  EXPECT_EQ(AF_INET6, inet6->family());
  EXPECT_EQ("tcp6:[::1]:11211", inet6->name());
  inet6->set_port(80);
  EXPECT_EQ(80, inet6->port());
}

TEST(SocketAddress, ANameIsNoNumber) {
  const auto address = SocketAddress::inet("localhost", 1);
  ASSERT_FALSE(address);
  EXPECT_NE(std::string::npos, address.error().message.find("localhost"));
}

TEST(SocketAddress, OfAUnixSocketHasRoomForItsPath) {
  const auto address = SocketAddress::unix_socket("/run/ember.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ("unix:/run/ember.sock", address->name());
  EXPECT_EQ(0, address->port());
  EXPECT_EQ("", address->host());
  EXPECT_TRUE(SocketAddress::unix_socket(std::string(107, 'p')));
  EXPECT_FALSE(SocketAddress::unix_socket(std::string(108, 'p')));
  EXPECT_FALSE(SocketAddress::unix_socket(""));
}

TEST(SocketAddress, WithoutOneItIsUnknown) {
  EXPECT_EQ("unknown", SocketAddress().name());
  EXPECT_EQ("unknown", SocketAddress::of_socket(-1).name());
  const Fd unconnected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ("unknown", SocketAddress::of_peer(unconnected.get()).name());
  std::array<int, 2> pair{};
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
  const Fd first(pair[0]);
  const Fd second(pair[1]);
  EXPECT_EQ("unix:", SocketAddress::of_peer(first.get()).name()) << "a socket without a path";
}

}  // namespace
}  // namespace ember::server::net
