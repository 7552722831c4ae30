// SPDX-License-Identifier: BSD-3-Clause
// ClientLoop over TLS against a server of a few lines: what TLS has taken from the socket already
// must not be waited for.
#include "bench/client_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "bench/tls_client.h"
#include "tests/unit/bench/tls_server.h"
#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::bench {
namespace {

constexpr uint32_t kDepth = 64;
constexpr uint32_t kRounds = 20;
// A client that stands still is left, so that the test ends.
constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};

Fd listen_at(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(0, bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)));
  EXPECT_EQ(0, listen(fd.get(), 1));
  return fd;
}

/// Answers rounds of kDepth gets, each round in one record; then leaves.
void serve(const Fd& listener, const server::net::TestCertificates& certificates) {
  Fd socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  TlsServer server(std::move(socket), certificates);
  ASSERT_TRUE(server.accept());
  std::string misses;
  for (uint32_t number = 0; number < kDepth; ++number) {
    misses += "END\r\n";
  }
  for (uint32_t round = 0; round < kRounds; ++round) {
    int64_t lines = 0;
    while (lines < kDepth) {
      const std::string byte = server.read(1);
      ASSERT_EQ(1U, byte.size()) << "the client stood still in round " << round;
      lines += byte == "\n" ? 1 : 0;
    }
    server.write(misses);
  }
}

TEST(ClientLoop, DoesNotWaitForWhatTlsHasTakenFromTheSocket) {
  std::signal(SIGPIPE, SIG_IGN);
  const server::net::TestCertificates certificates;
  const std::string path = certificates.path("socket");
  const Fd listener = listen_at(path);
  std::jthread server([&] { serve(listener, certificates); });

  const SizeDistribution sizes = SizeDistribution::parse("30").value();
  const KeySpace keys = KeySpace::make(sizes, 1000).value();
  const ValueSpace values(sizes);
  const Popularity popularity = Popularity::parse("uniform", 1000).value();
  const Workload workload{
      .keys = keys, .values = values, .popularity = popularity, .read_ratio = 1};
  const TlsClient tls = TlsClient::open({.ca = certificates.path("ca.pem")}).value();
  const std::atomic<Phase> phase{Phase::measure};
  // Places much smaller than a round's record.
  ClientLoop loop(workload, {.depth = kDepth, .read_size = 100}, phase);
  auto connected = loop.connect(Address::parse("unix:" + path).value(), &tls);
  ASSERT_TRUE(connected) << connected.error().message;
  auto ended = loop.run();
  ASSERT_FALSE(ended);
  EXPECT_NE(std::string::npos, ended.error().message.find("closed a connection"))
      << ended.error().message;
  EXPECT_EQ(kDepth * kRounds, loop.counters().requests);
  EXPECT_EQ(kDepth * kRounds, loop.counters().misses);
  EXPECT_EQ(0U, loop.counters().errors);
}

}  // namespace
}  // namespace ember::bench
