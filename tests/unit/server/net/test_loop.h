// SPDX-License-Identifier: BSD-3-Clause
// test_loop: what the tests of pollers share: a poller of the kind asked for, hooks that count, a
// stream that records, and socket pairs.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "server/net/poller.h"
#include "server/net/poller_factory.h"
#include "server/net/ring.h"

namespace ember::server::net {

class CountingHooks final : public LoopHooks {
 public:
  void before_sleep() override { ++sleeps; }
  void after_sleep() override { ++awakenings; }
  void on_wake() override { ++wakes; }
  int sleeps = 0;
  int awakenings = 0;
  int wakes = 0;
};

/// Keeps what it is told; answers as `react` says.
class RecordingStream final : public Stream {
 public:
  void on_receive(std::span<const char> bytes) override {
    received.append(bytes.data(), bytes.size());
    if (react) {
      react({bytes.data(), bytes.size()});
    }
  }
  void on_end(int error) override {
    ++ends;
    end_error = error;
  }
  void on_sent(size_t size, int error) override {
    sent += size;
    send_error = error;
    ++completions;
    if (on_completion) {
      on_completion();
    }
  }
  void on_released() override { ++releases; }

  std::function<void(std::string_view)> react;
  std::function<void()> on_completion;
  std::string received;
  size_t sent = 0;
  int completions = 0;
  int send_error = 0;
  int ends = 0;
  int end_error = -1;
  int releases = 0;
};

/// The fixture of tests that run on both pollers.
class PollerTest : public testing::TestWithParam<PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() == PollerKind::uring) {
      if (const auto usable = probe_uring(); !usable) {
        GTEST_SKIP() << "skipped, because " << usable.error().message;
      }
    }
    auto opened = open_poller(GetParam(), hooks);
    ASSERT_TRUE(opened) << opened.error().message;
    poller = std::move(*opened);
  }

  /// Turns until `done`, or fails after five seconds.
  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing happens any more";
      poller->turn(10);
    }
  }

  /// A connection: the first end is the poller's, the second ours.
  static std::pair<Fd, Fd> connection() {
    std::array<int, 2> pair{};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
    return {Fd(pair[0]), Fd(pair[1])};
  }

  static void write_all(const Fd& fd, std::string_view bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::write(fd.get(), bytes.data(), bytes.size()));
  }

  /// What can be read at once.
  static std::string read_some(const Fd& fd) {
    std::string bytes(size_t{1} << 20, '\0');
    const auto size = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
  }

  void send(Stream& stream, std::string_view bytes) {
    const iovec range{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    poller->send(stream, std::span(&range, 1));
  }

  CountingHooks hooks;
  std::unique_ptr<Poller> poller;
};

inline std::string kind_name(const testing::TestParamInfo<PollerKind>& info) {
  return info.param == PollerKind::uring ? "uring" : "epoll";
}

}  // namespace ember::server::net
