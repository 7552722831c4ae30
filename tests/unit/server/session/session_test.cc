// SPDX-License-Identifier: BSD-3-Clause
// Sessions on both pollers: what clients may do with their bytes and their patience.
#include "server/session/session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/net/poller.h"
#include "server/net/poller_factory.h"
#include "server/net/ring.h"
#include "server/session/session_set.h"
#include "tests/unit/protocol/binary_request.h"
#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/session/echo_handler.h"

namespace ember::server::session {
namespace {

using protocol::Opcode;
using protocol::testing::Request;

std::string noop() { return Request{.opcode = Opcode::noop}; }

std::string binary_get(std::string_view key) { return Request{.opcode = Opcode::get, .key = key}; }

std::string binary_set(std::string_view key, std::string_view value) {
  return Request{.opcode = Opcode::set,
                 .key = key,
                 .extras = protocol::testing::store_extras(),
                 .value = value};
}

/// Whoever `allows` lets in.
class TestUsers final : public Authenticator {
 public:
  using Allows = bool (*)(std::string_view user, std::string_view password);
  explicit TestUsers(Allows allows) : allows_(allows) {}
  bool allow(std::string_view user, std::string_view password) const override {
    return allows_(user, password);
  }

 private:
  Allows allows_;
};

class SessionTest : public testing::TestWithParam<net::PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() == net::PollerKind::uring) {
      if (const auto usable = net::probe_uring(); !usable) {
        GTEST_SKIP() << "skipped, because " << usable.error().message;
      }
    }
    auto opened = net::open_poller(GetParam(), hooks);
    ASSERT_TRUE(opened) << opened.error().message;
    poller = std::move(*opened);
    make_set({});
  }

  void TearDown() override {
    if (set != nullptr) {
      set->close_all();
      run_until([&] { return set->empty(); });
    }
  }

  void make_set(const SessionOptions& options) {
    set = std::make_unique<SessionSet>(SessionSet::Parts{.poller = *poller,
                                                         .timers = timers,
                                                         .handler = handler,
                                                         .clock = clock,
                                                         .on_gone = [this] { ++gone; }},
                                       options);
  }

  void turn(int timeout_ms = 5) {
    poller->turn(set->has_ready() ? 0 : timeout_ms);
    set->end_turn();
  }

  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing happens any more";
      turn();
    }
  }

  /// Our end of a new session.
  Fd connect() {
    std::array<int, 2> pair{};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
    set->add(Fd(pair[0]), 0);
    return Fd(pair[1]);
  }

  /// Writes as the session reads, so that no size blocks us.
  void write(const Fd& client, std::string_view bytes) {
    run_until([&] {
      const auto size = ::send(client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (size > 0) {
        bytes.remove_prefix(static_cast<size_t>(size));
      }
      return bytes.empty();
    });
  }

  std::string read(const Fd& client, size_t size) {
    std::string got;
    run_until([&] {
      take(client, got);
      return got.size() >= size;
    });
    return got;
  }

  /// Appends what can be read at once. False at the end of the connection.
  static bool take(const Fd& client, std::string& got) {
    std::array<char, 65536> buffer;
    while (true) {
      const auto size = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size <= 0) {
        return size < 0;
      }
      got.append(buffer.data(), static_cast<size_t>(size));
    }
  }

  void expect_closed(const Fd& client) {
    std::string rest;
    run_until([&] { return !take(client, rest); });
    EXPECT_EQ("", rest);
  }

  net::CountingHooks hooks;
  Clock clock;
  EchoHandler handler;
  int gone = 0;
  std::unique_ptr<net::Poller> poller;
  std::unique_ptr<SessionSet> set;
  net::Timers timers{clock};
};

INSTANTIATE_TEST_SUITE_P(Pollers, SessionTest,
                         testing::Values(net::PollerKind::uring, net::PollerKind::epoll),
                         net::kind_name);

std::string set_request(const std::string& key, const std::string& value) {
  return "set " + key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

std::string repeat(std::string_view text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

TEST_P(SessionTest, AnyFragmentationGivesTheSameAnswers) {
  const std::string big(5000, 'b');
  const std::string input = set_request("a", "1") + "get a b a\r\nbogus\r\n" +
                            set_request("big", big) + "get big\r\nversion\r\n";
  const std::string expected =
      "STORED\r\nVALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\nERROR\r\nSTORED\r\n"
      "VALUE big 0 5000\r\n" +
      big + "\r\nEND\r\nOK\r\n";
  for (const size_t step : {size_t{100000}, size_t{1000}, size_t{17}, size_t{2}, size_t{1}}) {
    handler.stored.clear();
    const Fd client = connect();
    for (size_t at = 0; at < input.size(); at += step) {
      write(client, std::string_view(input).substr(at, step));
      turn(0);
    }
    ASSERT_EQ(expected, read(client, expected.size())) << "at steps of " << step;
  }
}

TEST_P(SessionTest, APipelineOfAThousandIsAnsweredInOrder) {
  const Fd client = connect();
  std::string input;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    input += set_request(key, key) + "get " + key + "\r\n";
    expected += "STORED\r\nVALUE " + key + " 0 " + std::to_string(key.size()) + "\r\n" + key +
                "\r\nEND\r\n";
  }
  write(client, input);
  EXPECT_EQ(expected, read(client, expected.size()));
  EXPECT_LT(handler.batches, 200) << "commands are handed over in batches";
}

TEST_P(SessionTest, RepliesOfATurnAreOneSend) {
  const Fd client = connect();
  write(client, repeat("version\r\n", 50));
  // A datagram-like look at the socket: all of it is there at once.
  const std::string expected = repeat("OK\r\n", 50);
  std::string got;
  run_until([&] {
    take(client, got);
    return !got.empty();
  });
  EXPECT_EQ(expected, got);
}

TEST_P(SessionTest, HalfARequestAndSilenceHoldLittleAndHurtNobody) {
  const Fd silent = connect();
  write(silent, "set half 0 0 100\r\nonly a part");
  const Fd other = connect();
  write(other, "version\r\n");
  EXPECT_EQ("OK\r\n", read(other, 4));
  std::string got;
  EXPECT_TRUE(take(silent, got));
  EXPECT_EQ("", got);
  write(silent, std::string(89, '.') + "\r\n");
  EXPECT_EQ("STORED\r\n", read(silent, 8));
}

TEST_P(SessionTest, HugeValuesStreamToTheirPlace) {
  const Fd client = connect();
  std::string value(size_t{20} << 20, '\0');
  for (size_t i = 0; i < value.size(); ++i) {
    value[i] = static_cast<char>('a' + i % 23);
  }
  write(client, set_request("huge", value) + "version\r\n");
  EXPECT_EQ("STORED\r\nOK\r\n", read(client, 12));
  EXPECT_EQ(1, handler.streamed);
  EXPECT_TRUE(handler.stored["huge"] == value);
}

TEST_P(SessionTest, ARefusedValueIsSwallowed) {
  handler.value_bound = 10000;
  const Fd client = connect();
  write(client, set_request("huge", std::string(300000, 'x')) + "version\r\n");
  EXPECT_EQ("SERVER_ERROR object too large for cache\r\nOK\r\n", read(client, 45));
  EXPECT_TRUE(handler.stored.empty());
}

TEST_P(SessionTest, AStreamedValueWithAWrongEndIsDropped) {
  const Fd client = connect();
  write(client, "set k 0 0 5000\r\n" + std::string(5000, 'x') + "\rX" + "version\r\n");
  EXPECT_EQ("CLIENT_ERROR bad data chunk\r\nOK\r\n", read(client, 33));
  EXPECT_TRUE(handler.stored.empty());
}

TEST_P(SessionTest, AClientThatNeverReadsStopsBeingRead) {
  const Fd writer = connect();
  handler.stored["v"] = std::string(10000, 'v');
  const std::string requests = repeat("get v\r\n", 1000);
  size_t sent = 0;
  size_t quiet_turns = 0;
  while (quiet_turns < 50) {
    const auto size = ::send(writer.get(), requests.data(), requests.size(), MSG_DONTWAIT);
    quiet_turns = size > 0 ? 0 : quiet_turns + 1;
    sent += size > 0 ? static_cast<size_t>(size) : 0;
    ASSERT_LT(sent, size_t{20} << 20) << "the session reads without bound";
    turn(1);
  }
  // Of the thousands of answers asked for, few were made.
  const uint64_t asked = sent / 7;
  EXPECT_GT(asked, 10000U);
  EXPECT_GT(handler.early_stops, 0);
  // Once it reads, every whole request is answered.
  const size_t one = std::string("VALUE v 0 10000\r\n").size() + 10002 + 5;
  size_t got = 0;
  std::string bytes;
  run_until([&] {
    bytes.clear();
    take(writer, bytes);
    got += bytes.size();
    return got >= asked * one;
  });
  EXPECT_EQ(asked * one, got);
}

TEST_P(SessionTest, SetsWithoutReadingRepliesDoNotGrowTheServer) {
  const Fd writer = connect();
  handler.reply_bound = 64;
  const std::string requests = repeat(set_request("k", "0123456789"), 1000);
  size_t sent = 0;
  size_t quiet_turns = 0;
  while (quiet_turns < 50 && sent < (size_t{64} << 20)) {
    const auto size = ::send(writer.get(), requests.data(), requests.size(), MSG_DONTWAIT);
    quiet_turns = size > 0 ? 0 : quiet_turns + 1;
    sent += size > 0 ? static_cast<size_t>(size) : 0;
    turn(1);
  }
  EXPECT_LT(sent, size_t{64} << 20);
}

TEST_P(SessionTest, AFullReplyHoldsTheRestOfTheBatch) {
  handler.reply_bound = 10;
  const Fd client = connect();
  std::string input;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i);
    input += set_request(key, "value " + key) + "get " + key + "\r\n";
    expected += "STORED\r\nVALUE " + key + " 0 " + std::to_string(key.size() + 6) + "\r\nvalue " +
                key + "\r\nEND\r\n";
  }
  input += set_request("big", std::string(4000, 'b')) + "get big\r\n";
  expected += "STORED\r\nVALUE big 0 4000\r\n" + std::string(4000, 'b') + "\r\nEND\r\n";
  write(client, input);
  EXPECT_EQ(expected, read(client, expected.size()));
  EXPECT_GT(handler.early_stops, 10);
}

TEST_P(SessionTest, ASuspendedCallHoldsWhatFollows) {
  const Fd client = connect();
  write(client, "version\r\nget slow\r\n" + set_request("after", "1") + "version\r\n" +
                    set_request("large", std::string(9000, 'l')));
  run_until([&] { return !handler.suspended.empty(); });
  turn();
  EXPECT_TRUE(handler.stored.empty());
  handler.suspended.back()->resume();
  EXPECT_EQ("OK\r\nEND\r\nSTORED\r\nOK\r\nSTORED\r\n", read(client, 29));
  EXPECT_EQ(9000U, handler.stored["large"].size());
}

TEST_P(SessionTest, ACommandMayTakeSeveralTurns) {
  handler.turns_left = 3;
  const Fd client = connect();
  const Fd other = connect();
  write(client, "version\r\nget turns\r\n" + set_request("after", "1"));
  run_until([&] { return handler.turns_left < 3; });
  write(other, "version\r\n");
  EXPECT_EQ("OK\r\n", read(other, 4));
  EXPECT_EQ("OK\r\nturn\r\nturn\r\nturn\r\nEND\r\nSTORED\r\n", read(client, 35));
}

TEST_P(SessionTest, ASuspendedClientThatLeavesIsForgotten) {
  {
    const Fd client = connect();
    write(client, "get slow\r\n");
    run_until([&] { return !handler.suspended.empty(); });
  }
  turn();
  set->close_all();
  run_until([&] { return set->empty(); });
  EXPECT_EQ(1, handler.forgotten);
  EXPECT_TRUE(handler.suspended.empty());
}

TEST_P(SessionTest, QuitClosesAfterWhatCameBefore) {
  const Fd client = connect();
  write(client, "version\r\nquit\r\nversion\r\n");
  EXPECT_EQ("OK\r\n", read(client, 4));
  expect_closed(client);
  run_until([&] { return gone == 1; });
}

TEST_P(SessionTest, RequestsBeforeTheEndAreAnswered) {
  const Fd client = connect();
  write(client, repeat("version\r\n", 300));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(repeat("OK\r\n", 300), read(client, 1200));
  expect_closed(client);
}

TEST_P(SessionTest, ShowsWhatItWaitsFor) {
  const auto reading = [&] { return set->list().front().reading; };
  const Fd client = connect();
  EXPECT_EQ(Reading::first_request, reading());
  write(client, "get a");
  run_until([&] { return reading() == Reading::request; });
  write(client, "\r\nset a 0 0 10\r\nab");
  run_until([&] { return reading() == Reading::value; });
  write(client, "cdefghij\r\nset b 0 0 5000\r\nab");
  read(client, 5 + 8);
  EXPECT_EQ(Reading::value, reading());
  write(client, std::string(4998, 'x') + "\r\n");
  run_until([&] { return reading() == Reading::request; });
}

TEST_P(SessionTest, TheFirstByteTellsTheBinaryProtocol) {
  const Fd binary = connect();
  const Fd text = connect();
  write(binary, noop() + noop());
  write(text, "version\r\n");
  EXPECT_EQ("OK\r\nOK\r\n", read(binary, 8));
  EXPECT_EQ("OK\r\n", read(text, 4));
  // To its end: text is no request now.
  write(binary, "version\r\n");
  expect_closed(binary);
}

TEST_P(SessionTest, BinaryRequestsMayBeCutAnywhere) {
  const Fd client = connect();
  const std::string requests = noop() + binary_set("a", "value") + noop();
  for (const char byte : requests) {
    write(client, std::string(1, byte));
    turn(0);
  }
  EXPECT_EQ("OK\r\nSTORED\r\nOK\r\n", read(client, 16));
  EXPECT_EQ("value", handler.stored["a"]);
}

TEST_P(SessionTest, LargeBinaryValuesStreamWithoutATerminator) {
  const Fd client = connect();
  const std::string value(100'000, 'v');
  write(client, binary_set("a", value) + noop());
  EXPECT_EQ("STORED\r\nOK\r\n", read(client, 12));
  EXPECT_EQ(1, handler.streamed);
  EXPECT_EQ(value, handler.stored["a"]);
}

TEST_P(SessionTest, RefusedBinaryValuesAreSwallowed) {
  handler.value_bound = 5000;
  const Fd client = connect();
  write(client, binary_set("a", std::string(100'000, 'v')) + noop());
  EXPECT_EQ("SERVER_ERROR object too large for cache\r\nOK\r\n", read(client, 45));
}

TEST_P(SessionTest, SlowBinaryCommandsKeepTheirFields) {
  const Fd client = connect();
  write(client, binary_get("slow") + binary_get("b") + noop());
  run_until([&] { return !handler.suspended.empty(); });
  handler.suspended.front()->resume();
  EXPECT_EQ("OK\r\n", read(client, 4));
}

TEST_P(SessionTest, AListenerMaySpeakOnlyText) {
  set->close_all();
  make_set({.listeners = {{.dialect = Dialect::text}}});
  const Fd client = connect();
  write(client, "\x80\x01 foo\r\nversion\r\n");
  EXPECT_EQ("ERROR\r\nOK\r\n", read(client, 11));
}

TEST_P(SessionTest, AListenerMaySpeakOnlyBinary) {
  set->close_all();
  make_set({.listeners = {{.dialect = Dialect::binary}}});
  const Fd text = connect();
  write(text, "version\r\n");
  expect_closed(text);
  const Fd client = connect();
  write(client, noop());
  EXPECT_EQ("OK\r\n", read(client, 4));
}

TEST_P(SessionTest, AnEndlessLineIsClosed) {
  const Fd client = connect();
  write(client, std::string(100000, 'z'));
  std::string got;
  run_until([&] { return !take(client, got); });
  EXPECT_LT(got.size(), 100U);
}

TEST_P(SessionTest, OneBusyClientDoesNotKeepOthersWaiting) {
  set->close_all();
  make_set({.requests_per_event = 1});
  const Fd busy = connect();
  const Fd modest = connect();
  write(busy, repeat("version\r\n", 5000));
  write(modest, "version\r\n");
  EXPECT_EQ("OK\r\n", read(modest, 4));
  EXPECT_EQ(repeat("OK\r\n", 5000), read(busy, 20000));
  EXPECT_GT(set->counters().yields.get(), 0U);
}

TEST_P(SessionTest, DrainingClosesTheIdleAndWaitsForTheBusy) {
  const Fd idle = connect();
  const Fd busy = connect();
  write(busy, "set half 0 0 10\r\n01234");
  turn();
  set->drain();
  expect_closed(idle);
  EXPECT_FALSE(set->empty());
  write(busy, "56789\r\n");
  EXPECT_EQ("STORED\r\n", read(busy, 8));
  expect_closed(busy);
  run_until([&] { return set->empty(); });
}

TEST_P(SessionTest, SilentSessionsAreClosed) {
  make_set({.idle_timeout_s = 5});
  const Fd old = connect();
  clock.advance(10);
  clock.tick();
  const Fd young = connect();
  timers.run();
  expect_closed(old);
  write(young, "version\r\n");
  EXPECT_EQ("OK\r\n", read(young, 4));
}

TEST_P(SessionTest, WhoSendsInTimeStays) {
  make_set({.idle_timeout_s = 5});
  const Fd client = connect();
  for (int i = 0; i < 5; ++i) {
    clock.advance(4);
    write(client, "version\r\n");
    EXPECT_EQ("OK\r\n", read(client, 4));
    timers.run();
  }
  EXPECT_EQ(1U, timers.size());
  clock.advance(7);
  timers.run();
  expect_closed(client);
  EXPECT_EQ(0U, timers.size());
}

TEST_P(SessionTest, WithoutATimeOutNoTimerIsArmed) {
  const Fd client = connect();
  EXPECT_EQ(0U, timers.size());
}

TEST_P(SessionTest, ClientsComeAndGoWithRepliesUnread) {
  handler.stored["v"] = std::string(100000, 'v');
  for (int i = 0; i < 300; ++i) {
    const Fd client = connect();
    write(client, repeat("get v\r\n", static_cast<size_t>(i % 40)) + (i % 3 == 0 ? "get" : ""));
    if (i % 2 == 0) {
      turn(0);
    }
  }
  run_until([&] { return gone == 300; });
  EXPECT_TRUE(set->empty());
}

TEST_P(SessionTest, AStrangerIsHeardOnlyToLogIn) {
  SessionOptions options;
  const TestUsers users([](std::string_view user, std::string_view password) {
    return user == "user" && password == "pass";
  });
  options.authenticator = &users;
  make_set(options);
  const Fd client = connect();
  write(client, "version\r\nadd k 0 0 70000\r\n" + std::string(70000, '\n') + "\r\nquit\r\n");
  const std::string refused = "CLIENT_ERROR unauthenticated\r\n";
  EXPECT_EQ(repeat(refused, 3), read(client, 3 * refused.size()));
  EXPECT_EQ(0, handler.batches);
  // In single bytes, with a command behind it in the same piece as the last of them.
  const std::string login = "set k 0 0 9\r\nuser pass\r";
  for (const char byte : login) {
    write(client, {&byte, 1});
    turn(0);
  }
  write(client, "\nflush_all\r\n");
  EXPECT_EQ("STORED\r\nOK\r\n", read(client, 12));
  EXPECT_EQ(1U, set->counters().logins.commands.get());
  EXPECT_EQ(0U, set->counters().logins.errors.get());
  const Fd other = connect();
  write(other, "flush_all\r\n");
  EXPECT_EQ(refused, read(other, refused.size()));
}

TEST_P(SessionTest, AStrangersEndlessLineCloses) {
  SessionOptions options;
  const TestUsers users([](std::string_view, std::string_view) { return true; });
  options.authenticator = &users;
  make_set(options);
  const Fd client = connect();
  write(client, std::string(5000, 'x'));
  expect_closed(client);
}

TEST_P(SessionTest, ListsItsSessions) {
  const Fd first = connect();
  const Fd second = connect();
  const auto infos = set->list();
  ASSERT_EQ(2U, infos.size());
  EXPECT_NE(infos[0].number, infos[1].number);
  EXPECT_EQ(2U, set->counters().sessions.get());
}

}  // namespace
}  // namespace ember::server::session
