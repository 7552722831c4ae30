// SPDX-License-Identifier: BSD-3-Clause
// Whole servers in this process, on both pollers.
#include "server/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "server/net/ring.h"

namespace ember::server {
namespace {

class TestClient {
 public:
  explicit TestClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }

  bool connected() const { return connected_; }

  void write(std::string_view bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()),
              ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

  /// Reads until `end` comes, the connection ends or ten seconds are over.
  std::string read_until(std::string_view end) {
    std::string got;
    std::array<char, 4096> buffer;
    while (!got.ends_with(end)) {
      const auto size = receive(buffer);
      if (size <= 0) {
        break;
      }
      got.append(buffer.data(), static_cast<size_t>(size));
    }
    return got;
  }

  std::string ask(std::string_view request, std::string_view end = "\r\n") {
    write(request);
    return read_until(end);
  }

  /// The connection has ended, nothing came.
  bool at_end() {
    std::array<char, 1> byte;
    return receive(byte) <= 0;
  }

 private:
  /// A ring taken down on this thread interrupts once.
  ssize_t receive(std::span<char> to) const {
    ssize_t size = 0;
    do {
      size = ::recv(fd_.get(), to.data(), to.size(), 0);
    } while (size < 0 && errno == EINTR);
    return size;
  }

  Fd fd_;
  bool connected_ = false;
};

class ServerTest : public testing::TestWithParam<IoKind> {
 protected:
  void SetUp() override {
    if (GetParam() == IoKind::uring) {
      if (const auto usable = net::probe_uring(); !usable) {
        GTEST_SKIP() << "skipped, because " << usable.error().message;
      }
    }
    options.io = GetParam();
    options.tcp_port = -1;
    options.listen = {{.host = "127.0.0.1", .port = {}}};
    options.threads = 2;
  }

  std::unique_ptr<Server> start() {
    auto server = Server::start(options, {.shutdown_requested = {}});
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
  }

  static uint16_t port_of(const Server& server) { return server.listeners().streams.front().port; }

  Options options;
};

uint64_t figure(const Server& server, std::string_view name) {
  const auto number = server.stats().metrics().number(MetricFamily::general, name);
  EXPECT_TRUE(number.has_value()) << name;
  return number.value_or(0);
}

std::string kind_name(const testing::TestParamInfo<IoKind>& info) {
  return info.param == IoKind::uring ? "uring" : "epoll";
}

INSTANTIATE_TEST_SUITE_P(Pollers, ServerTest, testing::Values(IoKind::uring, IoKind::epoll),
                         kind_name);

TEST_P(ServerTest, TwoServersShareNothing) {
  const auto first = start();
  const auto second = start();
  TestClient to_first(port_of(*first));
  TestClient to_second(port_of(*second));
  EXPECT_EQ("STORED\r\n", to_first.ask("set k 0 0 1\r\n1\r\n"));
  EXPECT_EQ("END\r\n", to_second.ask("get k\r\n"));
  EXPECT_EQ("VALUE k 0 1\r\n1\r\nEND\r\n", to_first.ask("get k\r\n", "END\r\n"));
}

TEST_P(ServerTest, ConnectionsSpreadEvenlyOverWorkers) {
  options.threads = 4;
  const auto server = start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(port_of(*server));
    EXPECT_EQ("END\r\n", clients.back().ask("get x\r\n"));
  }
  for (const size_t count : server->connections_by_worker()) {
    EXPECT_EQ(10U, count);
  }
  EXPECT_EQ(40U, figure(*server, "curr_connections"));
}

TEST_P(ServerTest, BeyondTheLimitClientsAreTold) {
  options.max_connections = 3;
  const auto server = start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(port_of(*server));
    EXPECT_EQ("END\r\n", clients.back().ask("get x\r\n"));
  }
  TestClient fourth(port_of(*server));
  EXPECT_EQ("ERROR Too many open connections\r\n", fourth.read_until("\r\n"));
  EXPECT_TRUE(fourth.at_end());
  EXPECT_EQ(1U, figure(*server, "rejected_connections"));
  clients.pop_back();
  // The place is free once the server has seen the client go.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (figure(*server, "curr_connections") > 2) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  TestClient fifth(port_of(*server));
  EXPECT_EQ("END\r\n", fifth.ask("get x\r\n"));
}

TEST_P(ServerTest, BeyondTheLimitClientsWaitWhenToldSo) {
  options.max_connections = 1;
  options.maxconns_fast = false;
  const auto server = start();
  auto first = std::make_unique<TestClient>(port_of(*server));
  EXPECT_EQ("END\r\n", first->ask("get x\r\n"));
  TestClient second(port_of(*server));  // in the backlog
  second.write("get x\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(0U, figure(*server, "accepting_conns"));
  first.reset();
  EXPECT_EQ("END\r\n", second.read_until("\r\n"));
  EXPECT_EQ(0U, figure(*server, "rejected_connections"));
  EXPECT_GE(figure(*server, "listen_disabled_num"), 1U);
}

TEST_P(ServerTest, AStopFinishesWhatIsInFlight) {
  const auto server = start();
  TestClient idle(port_of(*server));
  EXPECT_EQ("END\r\n", idle.ask("get x\r\n"));
  TestClient busy(port_of(*server));
  EXPECT_EQ("END\r\n", busy.ask("get x\r\n"));
  busy.write("set k 0 0 6\r\nabc");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::thread stopper([&] { server->stop(); });
  EXPECT_TRUE(idle.at_end());
  EXPECT_EQ("STORED\r\n", busy.ask("def\r\n"));
  EXPECT_TRUE(busy.at_end());
  stopper.join();
}

TEST_P(ServerTest, AStopDoesNotWaitForEver) {
  const auto server = start();
  TestClient stuck(port_of(*server));
  stuck.write("set k 0 0 6\r\nabc");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto start_of_stop = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start_of_stop, std::chrono::seconds(8));
  EXPECT_TRUE(stuck.at_end());
}

TEST_P(ServerTest, SilentConnectionsAreClosedWhenAsked) {
  options.idle_timeout_s = 1;
  const auto server = start();
  TestClient silent(port_of(*server));
  EXPECT_EQ("END\r\n", silent.ask("get x\r\n"));
  EXPECT_TRUE(silent.at_end());
}

TEST_P(ServerTest, ListsItsConnections) {
  const auto server = start();
  TestClient client(port_of(*server));
  const std::string conns = client.ask("stats conns\r\n", "END\r\n");
  const std::string port = std::to_string(port_of(*server));
  EXPECT_NE(std::string::npos, conns.find(":addr tcp:127.0.0.1:" + port + "\r\n"));
  EXPECT_NE(std::string::npos, conns.find(":state conn_listening"));
  EXPECT_NE(std::string::npos, conns.find(":listen_addr tcp:127.0.0.1:" + port));
}

TEST_P(ServerTest, ResetSetsCountsBackButNotStates) {
  const auto server = start();
  TestClient client(port_of(*server));
  EXPECT_EQ("END\r\n", client.ask("get x\r\n"));
  EXPECT_GT(figure(*server, "bytes_read"), 0U);
  EXPECT_EQ("RESET\r\n", client.ask("stats reset\r\n"));
  EXPECT_LT(figure(*server, "bytes_read"), 20U);
  EXPECT_EQ(1U, figure(*server, "curr_connections"));
}

TEST_P(ServerTest, APortInUseIsAnError) {
  const auto first = start();
  options.tcp_port = port_of(*first);
  const auto second = Server::start(options, {.shutdown_requested = {}});
  ASSERT_FALSE(second);
  EXPECT_NE(std::string::npos, second.error().message.find("in use"));
}

}  // namespace
}  // namespace ember::server
