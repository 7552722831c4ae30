// SPDX-License-Identifier: BSD-3-Clause
// Connections with TLS that this side opens, on both pollers: a channel of each side in one loop,
// over loopback.
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/net/connector.h"
#include "server/net/sockets.h"
#include "server/net/tls/tls_poller.h"
#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::server::net {
namespace {

/// A stream that is opened with TLS, to a server of a name.
class SecureStream final : public OutgoingStream {
 public:
  explicit SecureStream(std::string name) : name_(std::move(name)) {
    poller_state.security = Security::tls;
  }
  std::string_view server_name() const override { return name_; }
  void on_open(int error) override {
    ++opens;
    open_error = error;
    if (when_open) {
      when_open();
    }
  }
  void on_receive(std::span<const char> bytes) override {
    received.append(bytes.data(), bytes.size());
  }
  void on_end(int error) override {
    ++ends;
    end_error = error;
  }
  void on_sent(size_t size, int /*error*/) override { sent += size; }
  void on_released() override { ++releases; }

  std::function<void()> when_open;
  bool closed = false;
  int opens = 0;
  int open_error = -1;
  int ends = 0;
  int end_error = -1;
  int releases = 0;
  size_t sent = 0;
  std::string received;

 private:
  std::string name_;
};

class TlsConnectTest : public PollerTest {
 protected:
  void SetUp() override {
    PollerTest::SetUp();
    auto sockets = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 16});
    ASSERT_TRUE(sockets) << sockets.error().message;
    listener = std::move(sockets->front().fd);
    address = *SocketAddress::inet("127.0.0.1", sockets->front().port);
  }

  TlsOptions options(const TlsConnectOptions& connect) const {
    TlsOptions both = certificates.options();
    both.connect = connect;
    both.handshake_timeout_s = 5;
    return both;
  }

  void protect(const TlsOptions& options) {
    auto opened = TlsContext::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    context = std::move(*opened);
    auto secured = TlsPoller::open(std::move(poller), *context, timers);
    ASSERT_TRUE(secured.has_value());
    poller = std::move(*secured);
    connector = std::make_unique<Connector>(*poller, timers);
  }

  void turn_until(const std::function<bool()>& done) {
    run_until([&] {
      timers.run();
      return done();
    });
  }

  /// Accepts the connection that comes next.
  Fd accept() {
    Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(socket);
    return socket;
  }

  /// Opens `stream` to a server channel of this loop, until the answer is there.
  void open(SecureStream& stream, RecordingStream& server) {
    ASSERT_TRUE(connector->connect(stream, address, 60'000));
    EXPECT_EQ(0, stream.opens) << "told later, never from inside";
    poller->turn(0);
    server.poller_state.security = Security::tls;
    poller->add(server, accept());
    turn_until([&] { return stream.opens == 1; });
  }

  void finish(SecureStream& stream, RecordingStream& server) {
    if (stream.open_error == 0 && !stream.closed) {
      poller->close(stream);
    }
    turn_until([&] { return stream.releases == 1 && server.ends == 1; });
    poller->close(server);
    turn_until([&] { return server.releases == 1; });
    EXPECT_EQ(0U, timers.size());
  }

  /// Nothing is told but that the connection could not be opened, and why.
  void expect_refused(const TlsConnectOptions& connect, const std::string& name) {
    protect(options(connect));
    SecureStream stream(name);
    RecordingStream server;
    open(stream, server);
    EXPECT_EQ(EKEYREJECTED, stream.open_error);
    finish(stream, server);
    EXPECT_EQ(0, stream.ends);
    EXPECT_EQ("", server.received);
  }

  TestCertificates certificates;
  Clock clock;
  std::unique_ptr<TlsContext> context;
  Timers timers{clock};
  std::unique_ptr<Connector> connector;
  Fd listener;
  SocketAddress address;
};

INSTANTIATE_TEST_SUITE_P(Pollers, TlsConnectTest,
                         testing::Values(PollerKind::uring, PollerKind::epoll), kind_name);

TEST_P(TlsConnectTest, BothSidesTalk) {
  protect(options({.authorities = certificates.path("ca.pem")}));
  SecureStream stream("server");
  RecordingStream server;
  server.react = [&](std::string_view) { send(server, "answer"); };
  open(stream, server);
  ASSERT_EQ(0, stream.open_error);
  turn_until([&] { return timers.size() == 0; });  // the server's side is through, too
  send(stream, "question");
  turn_until([&] { return stream.received == "answer"; });
  EXPECT_EQ("question", server.received);
  EXPECT_EQ(8U, stream.sent);
  finish(stream, server);
  EXPECT_EQ(0, server.end_error) << "a goodbye is no error";
  EXPECT_EQ(0U, context->handshake_errors());
}

TEST_P(TlsConnectTest, TheUserMaySendAndCloseFromOnOpen) {
  protect(options({.authorities = certificates.path("ca.pem")}));
  SecureStream talker("server");
  RecordingStream first;
  talker.when_open = [&] { send(talker, "at once"); };
  open(talker, first);
  turn_until([&] { return first.received == "at once"; });
  finish(talker, first);

  SecureStream leaver("server");
  RecordingStream second;
  leaver.when_open = [&] {
    leaver.closed = true;
    poller->close(leaver);
  };
  open(leaver, second);
  finish(leaver, second);
  EXPECT_EQ(0, leaver.ends);
}

TEST_P(TlsConnectTest, ALargeValueGoesBothWays) {
  protect(options({.authorities = certificates.path("ca.pem")}));
  SecureStream stream("server");
  RecordingStream server;
  open(stream, server);
  ASSERT_EQ(0, stream.open_error);
  const std::string large(16 * kKiB, 'v');
  send(stream, large);
  turn_until([&] { return server.received == large; });
  send(server, large);
  turn_until([&] { return stream.received == large; });
  finish(stream, server);
}

TEST_P(TlsConnectTest, AnotherAuthorityIsRefused) {
  const TestCertificates strangers;
  expect_refused({.authorities = strangers.path("ca.pem")}, "server");
}

TEST_P(TlsConnectTest, TheSystemsAuthoritiesDoNotKnowTheTests) { expect_refused({}, "server"); }

TEST_P(TlsConnectTest, AnotherNameIsRefused) {
  expect_refused({.authorities = certificates.path("ca.pem")}, "other");
}

TEST_P(TlsConnectTest, WithoutANameTheAddressIsExpected) {
  expect_refused({.authorities = certificates.path("ca.pem")}, "");
}

TEST_P(TlsConnectTest, WithoutVerificationAnyServerWillDo) {
  protect(options({.verify = false}));
  SecureStream stream("other");
  RecordingStream server;
  open(stream, server);
  EXPECT_EQ(0, stream.open_error);
  finish(stream, server);
}

TEST_P(TlsConnectTest, ASilentServerHasATimeLimit) {
  protect(options({.verify = false}));
  SecureStream stream("server");
  ASSERT_TRUE(connector->connect(stream, address, 600'000));
  poller->turn(0);
  const Fd silent = accept();
  turn_until([&] { return timers.size() == 2; });  // connector's and handshake's
  clock.advance(4);
  timers.run();
  EXPECT_EQ(0, stream.opens);
  clock.advance(1);
  timers.run();
  EXPECT_EQ(1, stream.opens);
  EXPECT_EQ(ETIMEDOUT, stream.open_error);
  EXPECT_EQ(0U, timers.size());
  turn_until([&] { return stream.releases == 1; });
  EXPECT_EQ(0U, context->handshake_errors()) << "those are of clients";
}

TEST_P(TlsConnectTest, TheConnectorsLimitCountsTheHandshake) {
  protect(options({.verify = false}));
  SecureStream stream("server");
  ASSERT_TRUE(connector->connect(stream, address, 2000));
  poller->turn(0);
  const Fd silent = accept();
  turn_until([&] { return timers.size() == 2; });
  clock.advance(2);
  turn_until([&] { return stream.releases == 1; });
  EXPECT_EQ(1, stream.opens);
  EXPECT_EQ(ETIMEDOUT, stream.open_error);
  EXPECT_EQ(0U, timers.size());
}

TEST_P(TlsConnectTest, AServerThatSpeaksNoTlsOrLeavesIsAnError) {
  protect(options({.verify = false}));
  for (const bool talks : {true, false}) {
    SecureStream stream("server");
    ASSERT_TRUE(connector->connect(stream, address, 60'000));
    poller->turn(0);
    Fd peer = accept();
    turn_until([&] { return timers.size() == 2; });
    if (talks) {
      write_all(peer, "ERROR\r\n");
    } else {
      ::shutdown(peer.get(), SHUT_RDWR);
    }
    turn_until([&] { return stream.releases == 1; });
    EXPECT_EQ(1, stream.opens);
    EXPECT_EQ(talks ? EPROTO : ECONNRESET, stream.open_error);
    EXPECT_EQ(0, stream.ends);
  }
}

TEST_P(TlsConnectTest, ARefusedConnectionIsTold) {
  protect(options({.verify = false}));
  listener.reset();
  SecureStream stream("server");
  ASSERT_TRUE(connector->connect(stream, address, 60'000));
  turn_until([&] { return stream.releases == 1; });
  EXPECT_EQ(ECONNREFUSED, stream.open_error);
}

}  // namespace
}  // namespace ember::server::net
