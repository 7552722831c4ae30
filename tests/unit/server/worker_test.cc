// SPDX-License-Identifier: BSD-3-Clause
// A worker with a service that is not the local store's, on both pollers.
#include "server/worker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/session/echo_handler.h"

namespace ember::server {
namespace {

/// What one service was told. Written on the worker's thread.
struct ServiceNotes {
  std::atomic<int> waits{0};
  std::atomic<int> waits_over{0};
  std::atomic<int> turns{0};
  std::atomic<int> wakes{0};
};

class EchoService final : public Service {
 public:
  explicit EchoService(ServiceNotes& notes) : notes_(notes) {}
  protocol::Handler& handler() override { return handler_; }
  void before_wait() override { ++notes_.waits; }
  void after_wait() override { ++notes_.waits_over; }
  void after_turn() override { ++notes_.turns; }
  void on_wake() override { ++notes_.wakes; }

 private:
  ServiceNotes& notes_;
  session::EchoHandler handler_;
};

class WorkerTest : public testing::TestWithParam<net::PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() == net::PollerKind::uring && !net::probe_uring()) {
      GTEST_SKIP() << "skipped, because io_uring is refused here";
    }
  }

  std::unique_ptr<Worker> make_worker(ServiceFactory factory) {
    return std::make_unique<Worker>(
        Worker::Parts{
            .make_service = std::move(factory), .clock = clock_, .limit = limit_, .log = log_},
        WorkerOptions{.poller = GetParam()}, 0);
  }

  ServiceFactory echo() {
    return [this](net::Poller&) -> Result<std::unique_ptr<Service>> {
      return std::make_unique<EchoService>(notes_);
    };
  }

  /// The client's end of a new connection of `worker`.
  Fd connect(Worker& worker) {
    std::array<int, 2> pair{};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
    EXPECT_TRUE(limit_.take());
    worker.add_connection(Fd(pair[0]), 0);
    return Fd(pair[1]);
  }

  static std::string ask(const Fd& client, std::string_view request) {
    EXPECT_EQ(static_cast<ssize_t>(request.size()),
              ::send(client.get(), request.data(), request.size(), 0));
    std::array<char, 100> reply{};
    const auto size = ::recv(client.get(), reply.data(), reply.size(), 0);
    return {reply.data(), size > 0 ? static_cast<size_t>(size) : 0};
  }

  Clock clock_;
  ConnectionLimit limit_{10};
  std::atomic<uint64_t> event_number_{0};
  WatchLog log_{1024, event_number_, [] {}};
  ServiceNotes notes_;
};

INSTANTIATE_TEST_SUITE_P(Pollers, WorkerTest,
                         testing::Values(net::PollerKind::uring, net::PollerKind::epoll),
                         net::kind_name);

TEST_P(WorkerTest, ServesWithWhatTheFactoryMakes) {
  const auto worker = make_worker(echo());
  ASSERT_TRUE(worker->start());
  const Fd client = connect(*worker);
  EXPECT_EQ("STORED\r\n", ask(client, "set a 0 0 1\r\nx\r\n"));
  EXPECT_EQ("VALUE a 0 1\r\nx\r\nEND\r\n", ask(client, "get a\r\n"));
  EXPECT_EQ(1U, worker->counters().sessions.get());
  EXPECT_EQ(1U, worker->list().size());
  worker->stop();
  worker->join();
  EXPECT_EQ(0U, limit_.current());
}

TEST_P(WorkerTest, TheServiceIsToldOfWaitsAndTurns) {
  const auto worker = make_worker(echo());
  ASSERT_TRUE(worker->start());
  const Fd client = connect(*worker);
  EXPECT_EQ("OK\r\n", ask(client, "version\r\n"));
  worker->stop();
  worker->join();
  EXPECT_GT(notes_.turns, 0);
  EXPECT_GT(notes_.wakes, 0);
  EXPECT_GT(notes_.waits_over, 0);
  // The last turn is followed by a wait that does not end.
  EXPECT_EQ(notes_.waits_over + 1, notes_.waits);
}

TEST_P(WorkerTest, AServiceThatCannotBeMadeEndsTheStart) {
  const auto worker = make_worker([](net::Poller&) -> Result<std::unique_ptr<Service>> {
    return fail("the backend has no address");
  });
  const auto started = worker->start();
  ASSERT_FALSE(started);
  EXPECT_EQ("the backend has no address", started.error().message);
}

TEST_P(WorkerTest, AStopServesWhatCameBefore) {
  const auto worker = make_worker(echo());
  ASSERT_TRUE(worker->start());
  const Fd client = connect(*worker);
  ASSERT_EQ(9, ::send(client.get(), "version\r\n", 9, 0));
  worker->stop();
  std::array<char, 10> reply{};
  EXPECT_EQ(4, ::recv(client.get(), reply.data(), reply.size(), 0));
  worker->join();
}

}  // namespace
}  // namespace ember::server
