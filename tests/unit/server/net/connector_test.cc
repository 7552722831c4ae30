// SPDX-License-Identifier: BSD-3-Clause
// Outgoing connections, on both pollers, to real listeners.
#include "server/net/connector.h"

#include <cerrno>
#include <filesystem>
#include <string>

#include "server/net/sockets.h"
#include "tests/unit/server/net/test_loop.h"

namespace ember::server::net {
namespace {

class OpenedStream final : public OutgoingStream {
 public:
  void on_open(int error) override {
    ++opens;
    open_error = error;
  }
  void on_receive(std::span<const char> bytes) override {
    received.append(bytes.data(), bytes.size());
  }
  void on_end(int /*error*/) override { ++ends; }
  void on_sent(size_t size, int /*error*/) override { sent += size; }
  void on_released() override { ++releases; }

  int opens = 0;
  int open_error = -1;
  int ends = 0;
  int releases = 0;
  size_t sent = 0;
  std::string received;
};

class ConnectorTest : public PollerTest {
 protected:
  /// Turns with timers until `done`.
  void turn_until(const std::function<bool()>& done) {
    run_until([&] {
      timers.run();
      return done();
    });
  }

  void converse(const SocketAddress& address, int listener) {
    Connector connector(*poller, timers);
    OpenedStream stream;
    ASSERT_TRUE(connector.connect(stream, address, 5000));
    EXPECT_EQ(0, stream.opens) << "told later, never from inside";
    turn_until([&] { return stream.opens == 1; });
    ASSERT_EQ(0, stream.open_error);
    EXPECT_EQ(0U, timers.size());
    const Fd peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(peer);
    send(stream, "question");
    turn_until([&] { return stream.sent == 8; });
    EXPECT_EQ("question", read_some(peer));
    write_all(peer, "answer");
    turn_until([&] { return stream.received == "answer"; });
    poller->close(stream);
    turn_until([&] { return stream.releases == 1; });
    EXPECT_EQ(0, stream.ends);
  }

  Clock clock;
  Timers timers{clock};
};

INSTANTIATE_TEST_SUITE_P(Pollers, ConnectorTest,
                         testing::Values(PollerKind::uring, PollerKind::epoll), kind_name);

TEST_P(ConnectorTest, OpensTcpConnections) {
  for (const char* const host : {"127.0.0.1", "::1"}) {
    const auto sockets = listen_tcp({.host = host, .port = 0}, {.backlog = 16});
    if (!sockets) {
      continue;  // a machine without IPv6
    }
    converse(*SocketAddress::inet(host, sockets->front().port), sockets->front().fd.get());
  }
}

TEST_P(ConnectorTest, OpensUnixConnections) {
  const std::string path = testing::TempDir() + "ember-connector-" + std::to_string(::getpid());
  const auto socket = listen_unix(path, 0700, {.backlog = 16});
  ASSERT_TRUE(socket) << socket.error().message;
  converse(*SocketAddress::unix_socket(path), socket->fd.get());
}

TEST_P(ConnectorTest, ARefusalIsTold) {
  uint16_t port = 0;
  {
    const auto sockets = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 16});
    ASSERT_TRUE(sockets);
    port = sockets->front().port;
  }
  Connector connector(*poller, timers);
  OpenedStream tcp;
  ASSERT_TRUE(connector.connect(tcp, *SocketAddress::inet("127.0.0.1", port), 5000));
  OpenedStream local;
  ASSERT_TRUE(connector.connect(local, *SocketAddress::unix_socket("/nowhere/at/all"), 5000));
  EXPECT_EQ(0, tcp.opens + local.opens) << "told later, never from inside";
  turn_until([&] { return tcp.releases == 1 && local.releases == 1; });
  EXPECT_EQ(1, tcp.opens);
  EXPECT_EQ(ECONNREFUSED, tcp.open_error);
  EXPECT_EQ(1, local.opens);
  EXPECT_EQ(ENOENT, local.open_error);
  EXPECT_EQ(0U, timers.size());
}

/// Its queue is full: the next connect gets no answer.
struct FullListener {
  FullListener() {
    auto opened = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 0});
    EXPECT_TRUE(opened);
    socket = std::move(opened->front());
    address = *SocketAddress::inet("127.0.0.1", socket.port);
    for (Fd& filler : fillers) {
      filler.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(filler.get(), address.any(), address.size());
    }
  }
  ListenSocket socket;
  SocketAddress address;
  std::array<Fd, 4> fillers;
};

TEST_P(ConnectorTest, WithoutAnAnswerItsTimeIsLimited) {
  const FullListener silent;
  Connector connector(*poller, timers);
  OpenedStream stream;
  ASSERT_TRUE(connector.connect(stream, silent.address, 600'000));
  for (int i = 0; i < 5; ++i) {
    poller->turn(1);
    timers.run();
  }
  EXPECT_EQ(0, stream.opens);
  clock.advance(600);
  turn_until([&] { return stream.releases == 1; });
  EXPECT_EQ(1, stream.opens);
  EXPECT_EQ(ETIMEDOUT, stream.open_error);
}

TEST_P(ConnectorTest, CancelledItIsOnlyReleased) {
  const FullListener silent;
  Connector connector(*poller, timers);
  OpenedStream pending;
  ASSERT_TRUE(connector.connect(pending, silent.address, 600'000));
  poller->turn(1);
  connector.cancel(pending);
  OpenedStream refused;
  ASSERT_TRUE(connector.connect(refused, *SocketAddress::unix_socket("/nowhere/at/all"), 5000));
  connector.cancel(refused);
  turn_until([&] { return pending.releases == 1 && refused.releases == 1; });
  EXPECT_EQ(0, pending.opens + refused.opens);
  EXPECT_EQ(0U, timers.size());
}

}  // namespace
}  // namespace ember::server::net
