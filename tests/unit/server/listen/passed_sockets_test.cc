// SPDX-License-Identifier: BSD-3-Clause
#include "server/listen/passed_sockets.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <optional>

#include "tests/unit/server/process/process_fixture.h"

namespace ember::server {
namespace {

constexpr int kFirst = 3;

/// What is in the environment; nothing: unset.
struct Environment {
  std::optional<std::string> process = std::nullopt;  // by default the right one
  std::string count = "2";
  std::string names;
};

// NOLINTBEGIN(concurrency-mt-unsafe): these processes have one thread
class TakePassedSockets : public ProcessFixture {
 protected:
  /// What a process takes that was started with descriptors 3 and 4, and this environment: the
  /// names, in brackets; or an error's text. And what is wrong beside.
  static std::string taken(const Environment& given) {
    Pipe told;
    in_process([&] {
      const Fd report(::fcntl(told.writable.get(), F_DUPFD_CLOEXEC, 100));
      // 3 and 4, open in children; 5 and those behind it are not open.
      const Fd some(::fcntl(STDIN_FILENO, F_DUPFD, 100));
      ::dup2(some.get(), kFirst);
      ::dup2(some.get(), kFirst + 1);
      for (int fd = kFirst + 2; fd < 100; ++fd) {
        ::close(fd);
      }
      ::setenv("LISTEN_PID", given.process.value_or(std::to_string(::getpid())).c_str(), 1);
      ::setenv("LISTEN_FDS", given.count.c_str(), 1);
      ::setenv("LISTEN_FDNAMES", given.names.c_str(), 1);
      const std::string text = take();
      check(::write(report.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
            "the pipe has room");
      return 0;
    });
    told.writable.reset();
    return told.read();
  }

 private:
  static std::string take() {
    const auto sockets = take_passed_sockets();
    std::string text = sockets ? "" : sockets.error().message;
    int expected = kFirst;
    for (size_t i = 0; sockets && i < sockets->size(); ++i) {
      const PassedSocket& socket = (*sockets)[i];
      text += '[' + socket.name + ']';
      text += socket.fd.get() == expected++ ? "" : " at another place";
      text += ::fcntl(socket.fd.get(), F_GETFD) == FD_CLOEXEC ? "" : " inherited by children";
    }
    for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      text += std::getenv(name) == nullptr ? "" : " left in the environment";
    }
    return text;
  }
};
// NOLINTEND(concurrency-mt-unsafe)

TEST_F(TakePassedSockets, ThoseThatWerePassedWithTheirNames) {
  EXPECT_EQ(taken({.names = "tcp:ascii.notls"}), "[tcp][ascii.notls]");
  EXPECT_EQ(taken({.names = ""}), "[][]");
  EXPECT_EQ(taken({.names = "one"}), "[one][]");
  EXPECT_EQ(taken({.names = ":two"}), "[][two]");
  EXPECT_EQ(taken({.names = "one:two:three"}), "[one][two]");
  EXPECT_EQ(taken({.count = "1", .names = "one:two"}), "[one]");
  EXPECT_EQ(taken({.count = "0"}), "");
}

TEST_F(TakePassedSockets, ThoseOfAnotherProcessAreNotTaken) {
  EXPECT_EQ(taken({.process = std::to_string(::getpid())}), "") << "of the starter";
  EXPECT_EQ(taken({.process = "1"}), "");
  for (const char* const garbage : {"", "x", "-1", "0", "99999999999999999999", " 1"}) {
    EXPECT_EQ(taken({.process = garbage}), "") << garbage;
    EXPECT_EQ(taken({.process = garbage, .count = "garbage"}), "") << "nor judged: " << garbage;
  }
  EXPECT_EQ(taken({.count = ""}), "") << "there are none";
}

TEST_F(TakePassedSockets, ANumberThatIsNoneIsAnError) {
  for (const char* const count : {"two", "-1", "2x", " 2", "1025", "99999999999999999999"}) {
    const std::string said = taken({.count = count});
    EXPECT_TRUE(said.starts_with(fmt::format("LISTEN_FDS is \"{}\", which is no number", count)))
        << said;
  }
}

TEST_F(TakePassedSockets, MoreThanThereAreIsAnError) {
  const std::string said = taken({.count = "3"});
  EXPECT_TRUE(said.starts_with("descriptor 5, which LISTEN_FDS tells of, is not open")) << said;
}

class AdoptSockets : public ProcessFixture {
 protected:
  static Fd socket_of(int domain, int type) { return Fd(::socket(domain, type | SOCK_CLOEXEC, 0)); }

  /// Bound to a free port of the loopback address; listens, if it is a stream. Blocking.
  static Fd bound(int domain, int type) {
    Fd fd = socket_of(domain, type);
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(domain);
    socklen_t size = sizeof(sockaddr_in);
    if (domain == AF_INET6) {
      reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
      size = sizeof(sockaddr_in6);
    } else {
      reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    const bool ready = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                       (type != SOCK_STREAM || ::listen(fd.get(), 16) == 0);
    return ready ? std::move(fd) : Fd();
  }

  Fd bound_unix(int type) const {
    Fd fd = socket_of(AF_UNIX, type);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path("socket");
    check(name.size() < sizeof(address.sun_path), "the test's path is short");
    std::memcpy(address.sun_path, name.data(), name.size());
    ::unlink(name.c_str());
    check(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
          "the name is free");
    if (type == SOCK_STREAM) {
      ::listen(fd.get(), 16);
    }
    return fd;
  }

  static uint16_t port_of(int fd) {
    sockaddr_in6 address{};  // the port is where IPv4 has it
    socklen_t size = sizeof(address);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin6_port);
  }
  static bool blocks(const Fd& fd) { return (::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) == 0; }
  static int option(const Fd& fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    ::getsockopt(fd.get(), level, name, &value, &size);
    return value;
  }

  static Result<Listeners> adopt(Fd fd, const std::string& name = "", size_t workers = 1) {
    std::vector<PassedSocket> sockets;
    sockets.push_back({.fd = std::move(fd), .name = name});
    return adopt_sockets(std::move(sockets), workers);
  }
  static ListenAddress spec_of(const std::string& name) {
    const auto listeners = adopt(bound(AF_INET, SOCK_STREAM), name);
    check(listeners && listeners->specs.size() == 1, "it is adopted");
    return listeners->specs[0];
  }
  static std::string refusal(Fd fd) {
    const auto listeners = adopt(std::move(fd), "its name");
    return listeners ? "" : listeners.error().message;
  }
};

TEST_F(AdoptSockets, ABlockingTcpListenerBecomesOneThatDoesNotBlock) {
  Fd fd = bound(AF_INET, SOCK_STREAM);
  const int number = fd.get();
  const uint16_t port = port_of(number);
  ASSERT_TRUE(blocks(fd));
  const auto listeners = adopt(std::move(fd));
  ASSERT_TRUE(listeners) << listeners.error().message;
  ASSERT_EQ(listeners->streams.size(), 1U);
  EXPECT_TRUE(listeners->datagrams.empty());
  const net::ListenSocket& socket = listeners->streams[0];
  EXPECT_EQ(socket.fd.get(), number);
  EXPECT_FALSE(blocks(socket.fd));
  EXPECT_EQ(socket.port, port);
  EXPECT_EQ(socket.name, fmt::format("tcp:127.0.0.1:{}", port));
  EXPECT_FALSE(socket.inet6);
  EXPECT_TRUE(socket.lent);
  EXPECT_EQ(option(socket.fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(listeners->specs, std::vector{ListenAddress()});
}

TEST_F(AdoptSockets, TcpAndUdpOfIpv6) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    Fd fd = bound(AF_INET6, type);
    if (!fd) {
      GTEST_SKIP() << "skipped, because this machine has no IPv6";
    }
    const uint16_t port = port_of(fd.get());
    const auto listeners = adopt(std::move(fd));
    ASSERT_TRUE(listeners) << listeners.error().message;
    const auto& sockets = type == SOCK_STREAM ? listeners->streams : listeners->datagrams;
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_TRUE(sockets[0].inet6);
    EXPECT_EQ(sockets[0].port, port);
    EXPECT_FALSE(blocks(sockets[0].fd));
    if (type == SOCK_DGRAM) {
      EXPECT_EQ(option(sockets[0].fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
    }
  }
}

TEST_F(AdoptSockets, AUnixListenerKeepsItsFile) {
  Fd fd = bound_unix(SOCK_STREAM);
  {
    const auto listeners = adopt(std::move(fd));
    ASSERT_TRUE(listeners) << listeners.error().message;
    ASSERT_EQ(listeners->streams.size(), 1U);
    const net::ListenSocket& socket = listeners->streams[0];
    EXPECT_EQ(socket.port, 0);
    EXPECT_FALSE(socket.inet6);
    EXPECT_FALSE(blocks(socket.fd));
    EXPECT_EQ(socket.name, "unix:" + path("socket"));
  }
  EXPECT_TRUE(there("socket")) << "it is its starter's";
}

TEST_F(AdoptSockets, AUdpSocketIsThereForEachWorker) {
  constexpr size_t kWorkers = 3;
  Fd fd = bound(AF_INET, SOCK_DGRAM);
  const uint16_t port = port_of(fd.get());
  const auto listeners = adopt(std::move(fd), "ascii", kWorkers);
  ASSERT_TRUE(listeners) << listeners.error().message;
  EXPECT_TRUE(listeners->streams.empty());
  ASSERT_EQ(listeners->datagrams.size(), kWorkers);
  ASSERT_EQ(listeners->datagram_specs.size(), kWorkers);
  for (size_t i = 0; i < kWorkers; ++i) {
    const net::ListenSocket& socket = listeners->datagrams[i];
    EXPECT_EQ(socket.port, port);
    EXPECT_FALSE(blocks(socket.fd));
    EXPECT_EQ(::fcntl(socket.fd.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(option(socket.fd, IPPROTO_IP, IP_PKTINFO), 1);
    EXPECT_EQ(listeners->datagram_specs[i].protocol, Protocol::ascii);
    for (size_t other = 0; other < i; ++other) {
      EXPECT_NE(socket.fd.get(), listeners->datagrams[other].fd.get());
    }
  }
}

TEST_F(AdoptSockets, SeveralOfAllKindsInTheirOrder) {
  std::vector<PassedSocket> sockets;
  sockets.push_back({.fd = bound(AF_INET, SOCK_STREAM), .name = "binary"});
  sockets.push_back({.fd = bound(AF_INET, SOCK_DGRAM), .name = "ascii"});
  sockets.push_back({.fd = bound_unix(SOCK_STREAM), .name = "notls"});
  const auto listeners = adopt_sockets(std::move(sockets), 2);
  ASSERT_TRUE(listeners) << listeners.error().message;
  ASSERT_EQ(listeners->streams.size(), 2U);
  EXPECT_EQ(listeners->specs[0].protocol, Protocol::binary);
  EXPECT_EQ(listeners->streams[1].name, "unix:" + path("socket"));
  EXPECT_EQ(listeners->specs[1].tls, TlsMode::off);
  EXPECT_EQ(listeners->datagrams.size(), 2U);
}

TEST_F(AdoptSockets, ANameMayTellTheProtocolAndTls) {
  EXPECT_EQ(spec_of("ascii").protocol, Protocol::ascii);
  EXPECT_EQ(spec_of("auto").protocol, Protocol::automatic);
  EXPECT_EQ(spec_of("cache.binary.btls").protocol, Protocol::binary);
  EXPECT_EQ(spec_of("cache.binary.btls").tls, TlsMode::on);
  EXPECT_EQ(spec_of("mtls.ascii").tls, TlsMode::mutual);
  EXPECT_EQ(spec_of("notls").tls, TlsMode::off);
  for (const char* const name : {"", "ember.socket", "unknown", "ASCII", "ascii-only", ".", ".."}) {
    EXPECT_EQ(spec_of(name), ListenAddress()) << name;
  }
}

TEST_F(AdoptSockets, WhatIsNoListenerIsRefused) {
  const auto expect_refused = [](Fd fd, const char* what) {
    const int number = fd.get();
    const std::string said = refusal(std::move(fd));
    EXPECT_TRUE(said.starts_with(fmt::format("descriptor {} (its name), which", number)))
        << what << ": " << said;
  };
  expect_refused(socket_of(AF_INET, SOCK_STREAM), "a TCP socket that does not listen");
  expect_refused(bound_unix(SOCK_DGRAM), "a Unix datagram socket");
  expect_refused(socket_of(AF_UNIX, SOCK_SEQPACKET), "a Unix packet socket");
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const Fd other(pair[1]);
  expect_refused(Fd(pair[0]), "a connection");
  Pipe pipe;
  expect_refused(std::move(pipe.readable), "a pipe");
  expect_refused(Fd(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC)), "a folder");
}

}  // namespace
}  // namespace ember::server
