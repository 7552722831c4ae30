// SPDX-License-Identifier: BSD-3-Clause
#include "server/connection_log.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/fd.h"
#include "server/watch/watch_line.h"

namespace ember::server {
namespace {

using session::CloseReason;

/// Both ends of a TCP connection.
struct Connection {
  Fd client;
  Fd server;
  uint16_t client_port = 0;
};

Connection connection() {
  Connection made;
  const Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(0, ::bind(listener.get(), any, size));
  EXPECT_EQ(0, ::listen(listener.get(), 1));
  EXPECT_EQ(0, ::getsockname(listener.get(), any, &size));
  made.client = Fd(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(0, ::connect(made.client.get(), any, size));
  made.server = Fd(::accept(listener.get(), nullptr, nullptr));
  EXPECT_EQ(0, ::getsockname(made.client.get(), any, &size));
  made.client_port = ntohs(address.sin_port);
  return made;
}

class ConnectionLogTest : public testing::Test {
 protected:
  void SetUp() override { log_.watch(kConnectionEvents); }

  /// The lines since the last call, from "type=" on.
  std::string lines() {
    std::string all;
    log_.ring().drain(log_.ring().produced(), SIZE_MAX,
                      [&](const WatchEvent& event, std::string_view text) {
                        std::string line;
                        append_watch_line(event, text, line);
                        all += line.substr(line.find("type="));
                      });
    return all;
  }

  std::atomic<uint64_t> gid_{0};
  WatchLog log_{64 * kKiB, gid_, [] {}};
  ConnectionLog connections_{log_};
};

TEST_F(ConnectionLogTest, TellsWhoCameAndWhyHeWent) {
  const Connection tcp = connection();
  const int number = tcp.server.get();
  const std::string peer = "rip=127.0.0.1 rport=" + std::to_string(tcp.client_port);
  const std::string tail = " cfd=" + std::to_string(number) + "\n";
  connections_.opened(number);
  EXPECT_EQ("type=conn_new " + peer + " transport=tcp" + tail, lines());
  connections_.closed(number, CloseReason::normal);
  connections_.closed(number, CloseReason::idle);
  connections_.closed(number, CloseReason::shutdown);
  EXPECT_EQ("type=conn_close " + peer + " transport=tcp reason=normal" + tail + "type=conn_close " +
                peer + " transport=tcp reason=idle_timeout" + tail + "type=conn_close " + peer +
                " transport=tcp reason=shutdown" + tail,
            lines());
}

TEST_F(ConnectionLogTest, KnowsThePeerOfAConnectionThatWasReset) {
  Connection tcp = connection();
  connections_.opened(tcp.server.get());
  lines();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(0, ::setsockopt(tcp.client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
  tcp.client.reset();
  std::array<char, 1> byte{};
  ASSERT_EQ(-1, ::recv(tcp.server.get(), byte.data(), 1, 0));  // the reset is here
  connections_.closed(tcp.server.get(), CloseReason::error);
  EXPECT_EQ("type=conn_close rip=127.0.0.1 rport=" + std::to_string(tcp.client_port) +
                " transport=tcp reason=error cfd=" + std::to_string(tcp.server.get()) + "\n",
            lines());
}

TEST_F(ConnectionLogTest, UnixSocketsHaveNoAddress) {
  std::array<int, 2> pair{};
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()));
  const Fd first(pair[0]);
  const Fd second(pair[1]);
  connections_.opened(first.get());
  EXPECT_EQ(
      "type=conn_new rip=unix rport=0 transport=local cfd=" + std::to_string(first.get()) + "\n",
      lines());
}

TEST_F(ConnectionLogTest, TellsNobodyNothing) {
  log_.watch(UINT32_MAX & ~kConnectionEvents);
  const Connection tcp = connection();
  connections_.opened(tcp.server.get());
  connections_.closed(tcp.server.get(), CloseReason::normal);
  EXPECT_EQ("", lines());
}

}  // namespace
}  // namespace ember::server
