// SPDX-License-Identifier: BSD-3-Clause
// Sessions of clients that only listen (protocol::Next::listen), on both pollers.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server/net/poller_factory.h"
#include "server/session/session.h"
#include "server/session/session_set.h"
#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/session/echo_handler.h"

namespace ember::server::session {
namespace {

class SessionListenTest : public testing::TestWithParam<net::PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() == net::PollerKind::uring && !net::choose_poller(net::PollerKind::uring)) {
      GTEST_SKIP() << "skipped, because io_uring is refused here";
    }
    auto opened = net::open_poller(GetParam(), hooks_);
    ASSERT_TRUE(opened) << opened.error().message;
    poller_ = std::move(*opened);
    set_ = std::make_unique<SessionSet>(
        SessionSet::Parts{
            .poller = *poller_,
            .timers = timers_,
            .handler = handler_,
            .clock = clock_,
            .on_gone = [] {},
            .on_close = [this](const Session&, CloseReason reason) { reasons_.push_back(reason); }},
        SessionOptions{.idle_timeout_s = kIdleTimeoutS});
    std::array<int, 2> pair{};
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
    set_->add(Fd(pair[0]), 0);
    client_ = Fd(pair[1]);
  }

  void TearDown() override {
    if (set_ != nullptr) {
      set_->close_all();
      run_until([&] { return set_->empty(); });
    }
  }

  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing happens any more";
      poller_->turn(set_->has_ready() ? 0 : 5);
      set_->end_turn();
    }
  }

  void send(std::string_view bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()),
              ::send(client_.get(), bytes.data(), bytes.size(), 0));
  }

  void expect(std::string_view bytes) {
    std::string got;
    run_until([&] {
      std::array<char, 65536> buffer;
      const auto size = ::recv(client_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      got.append(buffer.data(), size > 0 ? static_cast<size_t>(size) : 0);
      return got.size() >= bytes.size();
    });
    EXPECT_EQ(bytes, got);
  }

  void listen() {
    send("watch\r\n");
    expect("OK\r\n");
    ASSERT_EQ(1U, handler_.listening.size());
  }

  static constexpr uint32_t kIdleTimeoutS = 1000;

  net::CountingHooks hooks_;
  Clock clock_;
  EchoHandler handler_;
  std::vector<CloseReason> reasons_;
  std::unique_ptr<net::Poller> poller_;
  std::unique_ptr<SessionSet> set_;
  net::Timers timers_{clock_};
  Fd client_;
};

INSTANTIATE_TEST_SUITE_P(Pollers, SessionListenTest,
                         testing::Values(net::PollerKind::uring, net::PollerKind::epoll),
                         [](const auto& each) {
                           return each.param == net::PollerKind::uring ? "uring" : "epoll";
                         });

TEST_P(SessionListenTest, WhatItSaysIsDroppedAndWhatItIsToldArrives) {
  send("get a\r\nwatch\r\nget b\r\nset big 0 0 100000\r\n");
  expect("END\r\nOK\r\n");
  send("get c\r\nquit\r\n" + std::string(100'000, 'x'));
  handler_.listening.front()->report("one line\n");
  expect("one line\n");
  EXPECT_EQ(1, handler_.batches);
  EXPECT_TRUE(reasons_.empty());
  EXPECT_TRUE(set_->list().front().listening);
}

TEST_P(SessionListenTest, TheHandlerHearsOnceAllIsSent) {
  listen();
  run_until([&] { return handler_.reported_count == 1; });  // the OK
  const std::string much(4'000'000, 'x');
  handler_.listening.front()->report(much);
  for (int turn = 0; turn < 20; ++turn) {
    poller_->turn(0);
    set_->end_turn();
  }
  EXPECT_EQ(1, handler_.reported_count);  // more than the sockets hold
  expect(much);
  run_until([&] { return handler_.reported_count == 2; });
}

TEST_P(SessionListenTest, AListenerThatLeavesIsForgotten) {
  listen();
  client_.reset();
  run_until([&] { return set_->empty(); });
  EXPECT_EQ(1, handler_.forgotten);
  EXPECT_EQ(std::vector{CloseReason::normal}, reasons_);
}

TEST_P(SessionListenTest, SilenceIsNoReasonToCloseIt) {
  listen();
  clock_.advance(2 * kIdleTimeoutS);
  timers_.run();
  EXPECT_TRUE(reasons_.empty());
  handler_.listening.front()->report("still here\n");
  expect("still here\n");
}

TEST_P(SessionListenTest, ADrainClosesIt) {
  listen();
  set_->drain();
  run_until([&] { return set_->empty(); });
  EXPECT_EQ(std::vector{CloseReason::shutdown}, reasons_);
}

TEST_P(SessionListenTest, WhyOthersAreClosed) {
  send("quit\r\n");
  run_until([&] { return set_->empty(); });
  EXPECT_EQ(std::vector{CloseReason::normal}, reasons_);
}

TEST_P(SessionListenTest, AnEndlessLineIsAnError) {
  send(std::string(100'000, 'x'));
  run_until([&] { return set_->empty(); });
  EXPECT_EQ(std::vector{CloseReason::error}, reasons_);
}

TEST_P(SessionListenTest, TheSilentAreClosedAsIdle) {
  send("get a\r\n");
  expect("END\r\n");
  clock_.advance(2 * kIdleTimeoutS);
  timers_.run();
  run_until([&] { return set_->empty(); });
  EXPECT_EQ(std::vector{CloseReason::idle}, reasons_);
}

}  // namespace
}  // namespace ember::server::session
