// SPDX-License-Identifier: BSD-3-Clause
// Wire over a socketpair, plain and TLS: bytes and records of every size, full sockets, and servers
// that refuse, leave, or speak something else.
#include "bench/wire.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "bench/tls_client.h"
#include "tests/unit/bench/tls_server.h"
#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::bench {
namespace {

using server::net::TestCertificates;

struct Pair {
  Fd client;
  Fd server;
};

Pair make_pair() {
  std::array<int, 2> numbers{-1, -1};
  EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()));
  return {Fd(numbers[0]), Fd(numbers[1])};
}

std::string pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t at = 0; at < size; ++at) {
    bytes[at] = static_cast<char>(at * 7 + at / 251);
  }
  return bytes;
}

void wait_until_ready(const Wire& wire, short events) {
  pollfd entry{.fd = wire.fd(), .events = events, .revents = 0};
  ASSERT_EQ(1, poll(&entry, 1, 60'000)) << "nothing happens any more";
}

/// As the load does: waits for the socket only when `receive` has emptied everything.
std::string receive(Wire& wire, size_t size, size_t room) {
  std::string bytes;
  std::string place(room, '\0');
  while (bytes.size() < size && !wire.failure()) {
    const size_t got = wire.receive(place);
    bytes.append(place, 0, got);
    if (got < room && bytes.size() < size && !wire.failure()) {
      wait_until_ready(wire, POLLIN);
    }
  }
  return bytes;
}

std::string error_of(const Result<Wire>& wire) { return wire ? "" : wire.error().message; }

class WireTest : public testing::Test {
 protected:
  WireTest() { std::signal(SIGPIPE, SIG_IGN); }

  /// A connection whose server does `serve` after the handshake.
  Result<Wire> open_tls(const std::function<void(TlsServer&)>& serve,
                        const TlsClientOptions& options = {}, const std::string& authority = "") {
    Pair pair = make_pair();
    thread_ = std::jthread([this, serve, authority, socket = std::move(pair.server)]() mutable {
      TlsServer server(std::move(socket), certificates_, authority);
      if (server.accept()) {
        serve(server);
      }
    });
    client_ = std::make_unique<TlsClient>(TlsClient::open(options).value());
    return Wire::open(std::move(pair.client), client_.get());
  }

  void join() { thread_.join(); }

  TestCertificates certificates_;
  std::unique_ptr<TlsClient> client_;
  std::jthread thread_;
};

TEST_F(WireTest, PlainMovesWhatTheSocketTakes) {
  Pair pair = make_pair();
  auto wire = Wire::open(std::move(pair.client), nullptr);
  ASSERT_TRUE(wire);
  std::array<char, 16> place;
  EXPECT_EQ(0U, wire->receive(place));  // without waiting
  EXPECT_FALSE(wire->failure());
  EXPECT_EQ(5U, wire->send("hello"));
  EXPECT_EQ(5, recv(pair.server.get(), place.data(), place.size(), 0));
  const std::string large = pattern(8UL << 20);
  EXPECT_LT(wire->send(large), large.size());
  EXPECT_EQ(0U, wire->send(large));
  EXPECT_FALSE(wire->failure());
}

TEST_F(WireTest, PlainTellsThatTheServerLeft) {
  Pair pair = make_pair();
  auto wire = Wire::open(std::move(pair.client), nullptr);
  pair.server.reset();
  std::array<char, 16> place;
  EXPECT_EQ(0U, wire->receive(place));
  ASSERT_TRUE(wire->failure());
  EXPECT_NE(std::string::npos, wire->failure()->message.find("closed a connection"));
}

TEST_F(WireTest, PlainAsksAndIsAnswered) {
  Pair pair = make_pair();
  ASSERT_EQ(8, send(pair.server.get(), "a 1\r\nEND", 8, 0));
  thread_ = std::jthread([&] {
    std::array<char, 16> place;
    EXPECT_EQ(7, recv(pair.server.get(), place.data(), 7, MSG_WAITALL));
    EXPECT_EQ(2, send(pair.server.get(), "\r\n", 2, 0));
  });
  auto wire = Wire::open(std::move(pair.client), nullptr);
  EXPECT_EQ("a 1\r\nEND\r\n", wire->ask("get a\r\n", "END\r\n").value());
  join();
}

TEST_F(WireTest, TlsAsksAndIsAnswered) {
  auto wire = open_tls([](TlsServer& server) {
    EXPECT_EQ("get a\r\n", server.read(7));
    server.write("VALUE a 0 1\r\nx\r\nEND\r\n", 3);
  });
  ASSERT_TRUE(wire) << error_of(wire);
  EXPECT_EQ("VALUE a 0 1\r\nx\r\nEND\r\n", wire->ask("get a\r\n", "END\r\n").value());
}

/// What OpenSSL holds is told of by nobody but `receive`: records larger and smaller than the
/// place, and places that end within a record.
TEST_F(WireTest, TlsReceivesEverythingAtEverySize) {
  const std::string bytes = pattern(200'000);
  for (const size_t part : {1000UL, 16384UL}) {
    for (const size_t room : {100UL, 1000UL, 16384UL, 300'000UL}) {
      auto wire = open_tls([&](TlsServer& server) {
        server.write(bytes, part);
        EXPECT_EQ("bye", server.read(3));
      });
      ASSERT_TRUE(wire) << error_of(wire);
      EXPECT_EQ(bytes, receive(*wire, bytes.size(), room)) << part << " " << room;
      EXPECT_EQ(3U, wire->send("bye"));
      join();
    }
  }
}

/// The rest lies elsewhere, as in a ClientLoop, when it is sent again.
TEST_F(WireTest, TlsSendsTheRestOnceTheSocketTakesIt) {
  const std::string bytes = pattern(8UL << 20);
  std::string arrived;
  auto wire = open_tls([&](TlsServer& server) {
    EXPECT_EQ("go", server.read(2));
    server.write("went");
    arrived = server.read(bytes.size());
  });
  ASSERT_TRUE(wire) << error_of(wire);
  EXPECT_EQ(2U, wire->send("go"));
  EXPECT_EQ("went", receive(*wire, 4, 100));
  std::string unsent = bytes;
  int waits = 0;
  while (!unsent.empty()) {
    unsent = std::string(unsent, wire->send(unsent));
    ASSERT_FALSE(wire->failure()) << wire->failure()->message;
    if (!unsent.empty()) {
      ++waits;
      wait_until_ready(*wire, POLLOUT);
    }
  }
  join();
  EXPECT_LT(0, waits);  // else nothing was tested
  EXPECT_TRUE(bytes == arrived);
}

TEST_F(WireTest, TlsHandsOutWhatCameBeforeTheServerLeft) {
  auto wire = open_tls([](TlsServer& server) {
    server.write("last words");
    server.leave();
  });
  ASSERT_TRUE(wire) << error_of(wire);
  join();
  EXPECT_EQ("last words", receive(*wire, 100, 1000));
  ASSERT_TRUE(wire->failure());
  EXPECT_NE(std::string::npos, wire->failure()->message.find("closed a connection"));
  EXPECT_EQ(0U, wire->send("anyone?"));
}

TEST_F(WireTest, TrustsTheGivenAuthorityOnly) {
  const auto nothing = [](TlsServer&) {};
  auto trusted = open_tls(nothing, {.ca = certificates_.path("ca.pem")});
  EXPECT_TRUE(trusted) << error_of(trusted);
  join();
  const TestCertificates others;
  auto wire = open_tls(nothing, {.ca = others.path("ca.pem")});
  EXPECT_NE(std::string::npos, error_of(wire).find("not trusted")) << error_of(wire);
  EXPECT_NE(std::string::npos, error_of(wire).find("--tls-ca")) << error_of(wire);
  join();
  auto unverified = open_tls(nothing);
  EXPECT_TRUE(unverified) << error_of(unverified);
}

TEST_F(WireTest, ShowsItsCertificateToServersThatWantOne) {
  const auto answer = [](TlsServer& server) { server.write("END\r\n"); };
  const std::string authority = certificates_.path("ca.pem");
  auto wire = open_tls(
      answer,
      {.certificate = certificates_.path("client.pem"), .key = certificates_.path("client.key")},
      authority);
  ASSERT_TRUE(wire) << error_of(wire);
  EXPECT_TRUE(wire->ask("", "END\r\n"));
  join();
  // With TLS 1.3 the handshake is over for a client before the server has seen no certificate.
  auto unknown = open_tls(answer, {}, authority);
  ASSERT_TRUE(unknown) << error_of(unknown);
  auto refused = unknown->ask("", "END\r\n");
  ASSERT_FALSE(refused);
  EXPECT_NE(std::string::npos, refused.error().message.find("certificate required"))
      << refused.error().message;
}

TEST_F(WireTest, SaysThatTheServerDoesNotSpeakTls) {
  for (const bool leaves : {false, true}) {
    Pair pair = make_pair();
    if (leaves) {
      pair.server.reset();
    } else {
      ASSERT_EQ(7, send(pair.server.get(), "ERROR\r\n", 7, 0));
    }
    const TlsClient client = TlsClient::open({}).value();
    auto wire = Wire::open(std::move(pair.client), &client);
    EXPECT_NE(std::string::npos, error_of(wire).find("does not speak TLS")) << error_of(wire);
    EXPECT_NE(std::string::npos, error_of(wire).find("--tls")) << error_of(wire);
  }
}

TEST_F(WireTest, SaysWhichFileCannotBeLoaded) {
  const auto message = [](const TlsClientOptions& options) {
    auto client = TlsClient::open(options);
    return client ? std::string() : client.error().message;
  };
  const std::string pem = certificates_.path("client.pem");
  const std::string key = certificates_.path("client.key");
  certificates_.fill("empty", "");
  EXPECT_EQ("", message({.ca = certificates_.path("ca.pem"), .certificate = pem, .key = key}));
  EXPECT_EQ(0U, message({.ca = "/nowhere"}).find("--tls-ca=/nowhere: No such file"));
  EXPECT_EQ(0U, message({.ca = certificates_.path("empty")}).find("--tls-ca="));
  EXPECT_EQ(0U, message({.certificate = key, .key = key}).find("--tls-cert="));
  EXPECT_EQ(
      0U,
      message({.certificate = pem, .key = certificates_.path("server.key")}).find("--tls-key="));
  EXPECT_NE("", message({.certificate = pem}));
  EXPECT_NE("", message({.key = key}));
}

}  // namespace
}  // namespace ember::bench
