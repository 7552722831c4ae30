// SPDX-License-Identifier: BSD-3-Clause
// Accepting, on both pollers.
#include <netinet/in.h>
#include <sys/resource.h>

#include <cerrno>
#include <vector>

#include "server/net/sockets.h"
#include "tests/unit/server/net/test_loop.h"

namespace ember::server::net {
namespace {

class RecordingListener final : public Listener {
 public:
  void on_accept(Fd connection) override { accepted.push_back(std::move(connection)); }
  void on_accept_error(int error) override { errors.push_back(error); }
  std::vector<Fd> accepted;
  std::vector<int> errors;
};

Fd connect_to(uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  return fd;
}

class AcceptTest : public PollerTest {
 protected:
  void SetUp() override {
    PollerTest::SetUp();
    if (poller != nullptr) {
      auto opened = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 128});
      ASSERT_TRUE(opened) << opened.error().message;
      sockets = std::move(*opened);
      poller->listen(listener, sockets.front().fd.get());
    }
  }
  uint16_t port() const { return sockets.front().port; }

  std::vector<ListenSocket> sockets;
  RecordingListener listener;
};

INSTANTIATE_TEST_SUITE_P(Pollers, AcceptTest, testing::Values(PollerKind::uring, PollerKind::epoll),
                         kind_name);

TEST_P(AcceptTest, AcceptsMany) {
  std::vector<Fd> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(connect_to(port()));
  }
  run_until([&] { return listener.accepted.size() == 100; });
  EXPECT_TRUE(listener.errors.empty());
  EXPECT_EQ(local_name(clients.back().get()), peer_name(listener.accepted.back().get()));
}

TEST_P(AcceptTest, AcceptsNothingWhileUnlistened) {
  poller->turn(0);
  poller->unlisten(listener);
  poller->turn(0);
  poller->turn(0);
  const Fd client = connect_to(port());
  for (int i = 0; i < 3; ++i) {
    poller->turn(5);
  }
  EXPECT_TRUE(listener.accepted.empty());
  poller->listen(listener, sockets.front().fd.get());
  run_until([&] { return listener.accepted.size() == 1; });
}

TEST_P(AcceptTest, TooManyOpenFilesStopsAcceptingUntilAsked) {
  const Fd client = connect_to(port());
  rlimit before{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &before));
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
  for (int i = 0; i < 50 && listener.errors.empty(); ++i) {
    poller->turn(5);
  }
  const auto errors = listener.errors;
  for (int i = 0; i < 5; ++i) {
    poller->turn(1);
  }
  const size_t later = listener.errors.size();
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &before));
  ASSERT_EQ(std::vector{EMFILE}, errors);
  EXPECT_EQ(1U, later) << "it does not try again by itself";
  poller->listen(listener, sockets.front().fd.get());
  run_until([&] { return listener.accepted.size() == 1; });
}

}  // namespace
}  // namespace ember::server::net
