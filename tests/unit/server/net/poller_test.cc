// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/poller.h"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/unit/server/net/test_loop.h"

namespace ember::server::net {
namespace {

INSTANTIATE_TEST_SUITE_P(Pollers, PollerTest, testing::Values(PollerKind::uring, PollerKind::epoll),
                         kind_name);

TEST_P(PollerTest, ReceivesWhatIsSentInOrder) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string piece = "piece " + std::to_string(i) + ";";
    expected += piece;
    write_all(theirs, piece);
    if (i % 3 == 0) {
      poller->turn(0);
    }
  }
  run_until([&] { return stream.received.size() >= expected.size(); });
  EXPECT_EQ(expected, stream.received);
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, ReceivesMoreThanAllItsBuffersHold) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  const std::string all(size_t{64} << 20, 'v');
  std::thread writer([&, fd = theirs.get()] {
    size_t written = 0;
    while (written < all.size()) {
      const auto size = ::write(fd, all.data() + written, all.size() - written);
      ASSERT_GT(size, 0);
      written += static_cast<size_t>(size);
    }
  });
  run_until([&] { return stream.received.size() >= all.size(); });
  writer.join();
  EXPECT_EQ(all, stream.received);
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, GathersRangesInOneSend) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  std::vector<std::string> parts;
  std::vector<iovec> ranges;
  std::string expected;
  for (size_t i = 0; i < Poller::kMaxRanges; ++i) {
    parts.push_back("range " + std::to_string(i) + "\n");
  }
  for (std::string& part : parts) {
    ranges.push_back({.iov_base = part.data(), .iov_len = part.size()});
    expected += part;
  }
  poller->send(stream, ranges);
  std::ranges::fill(ranges, iovec{});  // the array is ours again at once
  run_until([&] { return stream.completions == 1; });
  EXPECT_EQ(expected.size(), stream.sent);
  EXPECT_EQ(expected, read_some(theirs));
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, WaitsForASlowReader) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  const std::string all(size_t{8} << 20, 's');
  // Goes on after a short send, as sessions do.
  stream.on_completion = [&] {
    if (stream.sent < all.size()) {
      send(stream, std::string_view(all).substr(stream.sent));
    }
  };
  send(stream, all);
  for (int i = 0; i < 5; ++i) {
    poller->turn(5);
  }
  EXPECT_LT(stream.sent, all.size());
  std::string got;
  run_until([&] {
    got += read_some(theirs);
    return got.size() >= all.size() && stream.sent >= all.size();
  });
  EXPECT_EQ(all, got);
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, ReceivesNothingMoreWhilePaused) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  poller->turn(0);
  poller->pause(stream);
  poller->turn(0);
  poller->turn(0);
  write_all(theirs, "later");
  for (int i = 0; i < 3; ++i) {
    poller->turn(5);
  }
  EXPECT_EQ("", stream.received);
  poller->resume(stream);
  run_until([&] { return stream.received == "later"; });
  // Back and forth between two turns comes out as the last word.
  poller->pause(stream);
  poller->resume(stream);
  write_all(theirs, "!");
  run_until([&] { return stream.received == "later!"; });
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, TellsTheEndOnce) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  write_all(theirs, "last words");
  theirs.reset();
  run_until([&] { return stream.ends > 0; });
  EXPECT_EQ("last words", stream.received);
  EXPECT_EQ(0, stream.end_error);
  for (int i = 0; i < 3; ++i) {
    poller->turn(1);
  }
  EXPECT_EQ(1, stream.ends);
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, StillSendsToAPeerThatHasFinished) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  ::shutdown(theirs.get(), SHUT_WR);
  run_until([&] { return stream.ends == 1; });
  send(stream, "answer");
  run_until([&] { return stream.completions == 1; });
  EXPECT_EQ("answer", read_some(theirs));
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, SendingToAClosedPeerIsAnError) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  theirs.reset();
  send(stream, "nobody hears this");
  run_until([&] { return stream.completions == 1; });
  EXPECT_EQ(EPIPE, stream.send_error);
  poller->close(stream);
  run_until([&] { return stream.releases == 1; });
}

TEST_P(PollerTest, ClosesDuringASend) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  poller->add(stream, std::move(ours));
  const std::string all(size_t{8} << 20, 'c');
  send(stream, all);
  for (int i = 0; i < 3; ++i) {
    poller->turn(2);
  }
  poller->close(stream);
  poller->close(stream);  // twice is once
  run_until([&] { return stream.releases == 1; });
  for (int i = 0; i < 3; ++i) {
    poller->turn(2);
  }
  EXPECT_EQ(1, stream.releases);
  while (!read_some(theirs).empty()) {
  }
  char byte = 0;
  EXPECT_EQ(0, ::recv(theirs.get(), &byte, 1, MSG_DONTWAIT));
}

TEST_P(PollerTest, ClosesFromWithinAReceive) {
  auto [ours, theirs] = connection();
  RecordingStream stream;
  stream.react = [&](std::string_view) { poller->close(stream); };
  poller->add(stream, std::move(ours));
  write_all(theirs, "x");
  run_until([&] { return stream.releases == 1; });
  EXPECT_EQ(0, stream.ends);
}

TEST_P(PollerTest, ManyConnectionsAtOnce) {
  constexpr size_t kCount = 700;  // more than there are provided buffers
  std::vector<std::unique_ptr<RecordingStream>> streams;
  std::vector<Fd> peers;
  for (size_t i = 0; i < kCount; ++i) {
    auto [ours, theirs] = connection();
    if (!theirs) {
      GTEST_SKIP() << "skipped, because too few descriptors may be open here";
    }
    auto stream = std::make_unique<RecordingStream>();
    stream->react = [this, raw = stream.get()](std::string_view bytes) { send(*raw, bytes); };
    poller->add(*stream, std::move(ours));
    streams.push_back(std::move(stream));
    peers.push_back(std::move(theirs));
  }
  for (int round = 0; round < 3; ++round) {
    for (const Fd& peer : peers) {
      write_all(peer, "ping");
    }
    run_until([&] {
      return std::ranges::all_of(
          streams, [round](const auto& stream) { return stream->completions == round + 1; });
    });
  }
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ("pingpingping", streams[i]->received);
    poller->close(*streams[i]);
  }
  run_until([&] {
    return std::ranges::all_of(streams, [](const auto& stream) { return stream->releases == 1; });
  });
}

TEST_P(PollerTest, ConnectionsComeAndGo) {
  for (int i = 0; i < 2000; ++i) {
    auto [ours, theirs] = connection();
    RecordingStream stream;
    poller->add(stream, std::move(ours));
    write_all(theirs, "hello");
    if (i % 2 == 0) {
      theirs.reset();
    } else {
      run_until([&] { return !stream.received.empty(); });
    }
    poller->close(stream);
    run_until([&] { return stream.releases == 1; });
  }
}

TEST_P(PollerTest, WakesFromAnotherThread) {
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    poller->wake();
    poller->wake();
  });
  const auto start = std::chrono::steady_clock::now();
  while (hooks.wakes == 0) {
    poller->turn(5000);
    ASSERT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  }
  other.join();
  poller->turn(0);
  EXPECT_LE(hooks.wakes, 2);
  poller->wake();
  run_until([&, before = hooks.wakes] { return hooks.wakes > before; });
  EXPECT_EQ(hooks.sleeps, hooks.awakenings);
  EXPECT_GT(hooks.sleeps, 0);
}

TEST_P(PollerTest, ATurnEndsAtItsTimeout) {
  const auto start = std::chrono::steady_clock::now();
  auto took = start - start;
  int turns = 0;
  // The system may end a wait early: the ring of the test before, taken down, interrupts once.
  while (took < std::chrono::milliseconds(30)) {
    poller->turn(30);
    ++turns;
    took = std::chrono::steady_clock::now() - start;
  }
  EXPECT_LE(turns, 3);
  EXPECT_LT(took, std::chrono::seconds(2));
}

}  // namespace
}  // namespace ember::server::net
