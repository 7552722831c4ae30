// SPDX-License-Identifier: BSD-3-Clause
// UDP on both pollers: what is answered to a datagram, and what is not.
#include "server/session/udp_session.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/binary_header.h"
#include "server/net/poller_factory.h"
#include "server/net/ring.h"
#include "server/net/sockets.h"
#include "server/session/session_set.h"
#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/session/echo_handler.h"

namespace ember::server::session {
namespace {

using protocol::UdpFrame;

std::string framed(std::string_view payload, const UdpFrame& frame) {
  std::array<char, UdpFrame::kSize> head{};
  protocol::write_udp_frame(frame, head);
  return std::string(head.data(), head.size()).append(payload);
}

/// A reply put together again.
struct Message {
  uint16_t id = 0;
  size_t datagrams = 0;
  std::string text;
};

class UdpSessionTest : public testing::TestWithParam<net::PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() == net::PollerKind::uring) {
      if (const auto usable = net::probe_uring(); !usable) {
        GTEST_SKIP() << "skipped, because " << usable.error().message;
      }
    }
    auto sockets = net::open_udp({.host = "127.0.0.1", .port = 0}, 1, {});
    ASSERT_TRUE(sockets) << sockets.error().message;
    server = std::move(sockets->front());
    auto opened = net::open_poller(GetParam(), hooks);
    ASSERT_TRUE(opened) << opened.error().message;
    poller = std::move(*opened);
    set = std::make_unique<SessionSet>(
        SessionSet::Parts{
            .poller = *poller, .timers = timers, .handler = handler, .clock = clock, .on_gone = {}},
        SessionOptions{});
    client = bound_client(0);
    serve({}, 0);
  }

  void serve(const UdpSession::Options& options, uint64_t rate) {
    if (session != nullptr) {
      poller->unwatch(*session);
      poller->turn(0);
      poller->turn(0);
    }
    limit = std::make_unique<net::UdpRateLimiter>(rate);
    session = std::make_unique<UdpSession>(set->context(), *limit, server.fd.get(), options);
    poller->watch(*session, server.fd.get());
  }

  Fd bound_client(uint16_t port) const {
    Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      return Fd();
    }
    address.sin_port = htons(server.port);
    EXPECT_EQ(0, ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
    return fd;
  }

  void send_raw(const Fd& from, const std::string& datagram) {
    const uint64_t before = session->info().received;
    ASSERT_EQ(static_cast<ssize_t>(datagram.size()),
              ::send(from.get(), datagram.data(), datagram.size(), 0));
    run_until([&] { return session->info().received == before + 1; });
  }

  void send(std::string_view payload, uint16_t id = 1) {
    send_raw(client, framed(payload, {.request_id = id, .total = 1}));
  }

  /// All replies that have come, in the order of their first datagrams.
  std::vector<Message> replies(const Fd& to) const {
    std::vector<Message> messages;
    std::array<char, 65536> buffer;
    size_t missing = 0;
    while (true) {
      const auto size = ::recv(to.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) {
        EXPECT_EQ(0U, missing);
        return messages;
      }
      const std::span<const char> datagram(buffer.data(), static_cast<size_t>(size));
      EXPECT_LE(datagram.size(), UdpSession::kDatagramSize);
      const auto frame = protocol::read_udp_frame(datagram);
      EXPECT_TRUE(frame);
      EXPECT_EQ(0, frame->reserved);
      if (frame->sequence == 0) {
        EXPECT_EQ(0U, missing);
        messages.push_back({.id = frame->request_id, .datagrams = frame->total, .text = {}});
        missing = frame->total;
      }
      EXPECT_EQ(frame->sequence, messages.back().datagrams - missing);
      EXPECT_EQ(frame->total, messages.back().datagrams);
      EXPECT_EQ(frame->request_id, messages.back().id);
      --missing;
      const auto payload = datagram.subspan(UdpFrame::kSize);
      messages.back().text.append(payload.data(), payload.size());
    }
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (Message& message : replies(client)) {
      texts.push_back(std::move(message.text));
    }
    return texts;
  }

  std::vector<std::string> ask(std::string_view payload) {
    send(payload);
    return texts();
  }

  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing happens any more";
      poller->turn(5);
      set->end_turn();
    }
  }

  using Texts = std::vector<std::string>;

  net::CountingHooks hooks;
  Clock clock;
  EchoHandler handler;
  net::ListenSocket server;
  std::unique_ptr<net::UdpRateLimiter> limit;
  std::unique_ptr<SessionSet> set;
  net::Timers timers{clock};
  std::unique_ptr<UdpSession> session;
  std::unique_ptr<net::Poller> poller;
  Fd client;
};

INSTANTIATE_TEST_SUITE_P(Pollers, UdpSessionTest,
                         testing::Values(net::PollerKind::uring, net::PollerKind::epoll),
                         net::kind_name);

TEST_P(UdpSessionTest, ARequestIsAnsweredUnderItsId) {
  send("set a 0 0 3\r\nabc\r\n", 7);
  send("get a\r\n", 0xfffe);
  const auto messages = replies(client);
  ASSERT_EQ(2U, messages.size());
  EXPECT_EQ(7, messages[0].id);
  EXPECT_EQ("STORED\r\n", messages[0].text);
  EXPECT_EQ(0xfffe, messages[1].id);
  EXPECT_EQ("VALUE a 0 3\r\nabc\r\nEND\r\n", messages[1].text);
}

TEST_P(UdpSessionTest, EachCommandOfADatagramIsAMessage) {
  EXPECT_EQ(ask("set a 0 0 1\r\nx\r\nget a b\r\nset n 0 0 1 noreply\r\ny\r\nget n\r\nbad\r\n"),
            (Texts{"STORED\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "VALUE n 0 1\r\ny\r\nEND\r\n",
                   "ERROR\r\n"}));
}

TEST_P(UdpSessionTest, ALargeReplyComesInNumberedDatagrams) {
  const std::string value(5000, 'v');
  EXPECT_EQ(ask("set a 0 0 5000\r\n" + value + "\r\n"), Texts{"STORED\r\n"});
  send("get a a\r\n");
  const auto messages = replies(client);
  ASSERT_EQ(1U, messages.size());
  const std::string one = "VALUE a 0 5000\r\n" + value + "\r\n";
  EXPECT_EQ(messages[0].text, one + one + "END\r\n");
  EXPECT_EQ(messages[0].datagrams, (messages[0].text.size() + 1391) / 1392);
}

TEST_P(UdpSessionTest, AMultigetOfAnyLengthIsOneMessage) {
  std::string line = "get";
  for (int i = 0; i < 1000; ++i) {
    line += " a";
  }
  ASSERT_EQ(ask("set a 0 0 1\r\nx\r\n"), Texts{"STORED\r\n"});
  const auto got = ask(line + "\r\nget b\r\n");
  ASSERT_EQ(2U, got.size());
  EXPECT_EQ(got[0].size(), 1000 * std::string_view("VALUE a 0 1\r\nx\r\n").size() + 5);
  EXPECT_EQ(got[1], "END\r\n");
}

TEST_P(UdpSessionTest, AReplyBeyondTheBoundBecomesAnError) {
  serve({.max_reply = 1000}, 0);
  const std::string value(900, 'v');
  const std::string error = "SERVER_ERROR reply too large for UDP\r\n";
  EXPECT_EQ(ask("set a 0 0 900\r\n" + value + "\r\n"), Texts{"STORED\r\n"});
  EXPECT_EQ(ask("get a\r\n"), Texts{"VALUE a 0 900\r\n" + value + "\r\nEND\r\n"});
  EXPECT_EQ(ask("get a a\r\n"), Texts{error});
  std::string line = "get";
  for (int i = 0; i < 500; ++i) {
    line += " a";
  }
  EXPECT_EQ(ask(line + "\r\nget b\r\n"), (Texts{error, "END\r\n"}));
  handler.reply_bound = 800;
  EXPECT_EQ(ask("get a a a\r\n"), Texts{error});
}

TEST_P(UdpSessionTest, WhatIsNotWholeIsNotWaitedFor) {
  EXPECT_EQ(ask("get a"), Texts{});
  EXPECT_EQ(ask("\r\n"), Texts{"ERROR\r\n"});
  EXPECT_EQ(ask("set a 0 0 10\r\nabc"), Texts{"CLIENT_ERROR bad data chunk\r\n"});
  EXPECT_EQ(ask("get a\r\n"), Texts{"END\r\n"});
  EXPECT_EQ(ask("set a 0 0 10\r\n"), Texts{"CLIENT_ERROR bad data chunk\r\n"});
  EXPECT_EQ(ask("set a 0 0 100000\r\nabc"), Texts{"CLIENT_ERROR bad data chunk\r\n"});
  EXPECT_EQ(ask("get b\r\nset a 0 0 10\r\nabc"),
            (Texts{"END\r\n", "CLIENT_ERROR bad data chunk\r\n"}));
  EXPECT_EQ(ask(std::string(60000, 'z')), Texts{});
  EXPECT_EQ(ask("get " + std::string(60000, 'z')),
            Texts{"CLIENT_ERROR bad command line format\r\n"});
  EXPECT_TRUE(handler.stored.empty());
}

TEST_P(UdpSessionTest, ALargeValueFitsTheLargestDatagram) {
  const std::string value(65000, 'v');
  EXPECT_EQ(ask("set a 0 0 65000\r\n" + value + "\r\n"), Texts{"STORED\r\n"});
  EXPECT_EQ(handler.stored["a"], value);
}

TEST_P(UdpSessionTest, WhatIsNoRequestIsIgnored) {
  for (const std::string& datagram :
       {std::string(), std::string("short"), std::string(8, '\0'),
        framed("", {.request_id = 1, .total = 1}),
        framed("get a\r\n", {.request_id = 1, .total = 0}),
        framed("get a\r\n", {.request_id = 1, .total = 2}),
        framed("get a\r\n", {.request_id = 1, .sequence = 1, .total = 2})}) {
    send_raw(client, datagram);
  }
  EXPECT_EQ(texts(), Texts{});
  EXPECT_EQ(session->info().ignored, 7U);
  EXPECT_EQ(handler.batches, 0);
  // As memcached: neither of these is looked at.
  send_raw(client,
           framed("get a\r\n", {.request_id = 1, .sequence = 5, .total = 1, .reserved = 9}));
  EXPECT_EQ(texts(), Texts{"END\r\n"});
}

TEST_P(UdpSessionTest, AReplyIsNeverAnswered) {
  for (const std::string_view reply : {"ERROR\r\n", "END\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n",
                                       "STORED\r\n", "VA 1\r\nx\r\n", "SERVER_ERROR x\r\n"}) {
    EXPECT_EQ(ask(reply), Texts{}) << reply;
  }
  EXPECT_EQ(ask("\x81" + std::string(23, '\0')), Texts{});
  EXPECT_EQ(session->info().ignored, 7U);
}

/// A binary request without a body.
std::string binary(protocol::Opcode opcode) {
  std::string bytes(protocol::kBinaryHeaderSize, '\0');
  bytes[0] = protocol::kBinaryRequestMagic;
  bytes[1] = static_cast<char>(opcode);
  return bytes;
}

TEST_P(UdpSessionTest, TheFirstByteOfADatagramTellsTheBinaryProtocol) {
  const std::string noop = binary(protocol::Opcode::noop);
  EXPECT_EQ(ask(noop + noop), (Texts{"OK\r\n", "OK\r\n"}));
  EXPECT_EQ(ask("version\r\n"), Texts{"OK\r\n"});
  EXPECT_EQ(ask(noop.substr(0, 20)), Texts{});
  EXPECT_EQ(ask(noop), Texts{"OK\r\n"});
}

TEST_P(UdpSessionTest, ASocketMaySpeakOneProtocolOnly) {
  const std::string noop = binary(protocol::Opcode::noop);
  serve({.dialect = Dialect::text}, 0);
  EXPECT_EQ(ask("\x80\x01 foo\r\nversion\r\n"), (Texts{"ERROR\r\n", "OK\r\n"}));
  serve({.dialect = Dialect::binary}, 0);
  EXPECT_EQ(ask(noop), Texts{"OK\r\n"});
  EXPECT_EQ(ask("version\r\nversion\r\nversion\r\n"), Texts{});
}

TEST_P(UdpSessionTest, ABinaryReplyBeyondTheBoundIsAStatus) {
  serve({.max_reply = 3}, 0);
  const auto got = ask(binary(protocol::Opcode::noop));
  ASSERT_EQ(1U, got.size());
  EXPECT_EQ(got[0].substr(0, 2), "\x81\x0a");
  EXPECT_EQ(got[0].substr(6, 2), std::string("\0\x03", 2));
}

TEST_P(UdpSessionTest, PortsOfServersAreNotAnswered) {
  const Fd dangerous = bound_client(11211);
  if (!dangerous) {
    GTEST_SKIP() << "skipped, because UDP port 11211 is taken";
  }
  send_raw(dangerous, framed("get a\r\n", {.request_id = 1, .total = 1}));
  EXPECT_TRUE(replies(dangerous).empty());
  EXPECT_EQ(session->info().ignored, 1U);
}

TEST_P(UdpSessionTest, NobodyAdministersByUdp) {
  const std::string error = "CLIENT_ERROR not available over UDP\r\n";
  for (const std::string_view line :
       {"shutdown", "watch fetchers", "cache_memlimit 64", "lru_crawler metadump all",
        "lru mode flat", "slabs automove 0", "debugtime 5", "refresh_certs"}) {
    EXPECT_EQ(ask(std::string(line) + "\r\n"), Texts{error}) << line;
  }
  EXPECT_EQ(handler.batches, 0);
  EXPECT_EQ(ask("flush_all\r\nversion\r\nstats\r\n"), (Texts{"OK\r\n", "OK\r\n", "OK\r\n"}));
}

TEST_P(UdpSessionTest, QuitEndsTheDatagramOnly) {
  EXPECT_EQ(ask("get a\r\nquit\r\nget b\r\n"), Texts{"END\r\n"});
  EXPECT_EQ(ask("get a\r\n"), Texts{"END\r\n"});
}

TEST_P(UdpSessionTest, NobodyWaitsForAHandlerThatSuspends) {
  EXPECT_EQ(ask("get slow\r\nget a\r\n"), Texts{});
  EXPECT_TRUE(handler.suspended.empty());
  EXPECT_EQ(ask("get a\r\n"), Texts{"END\r\n"});
}

TEST_P(UdpSessionTest, RepliesBeyondTheRateAreWithheldAndCommandsStillDone) {
  serve({}, 1000);
  const std::string value(900, 'v');
  ASSERT_EQ(ask("set a 0 0 900\r\n" + value + "\r\n"), Texts{"STORED\r\n"});
  ASSERT_EQ(ask("get a\r\n").size(), 1U);
  // A second's worth may be over before the second reply is asked for, but not a thousand times.
  uint64_t asked = 0;
  while (session->info().withheld == 0 && asked < 1000) {
    send("get a\r\n");
    ++asked;
  }
  EXPECT_EQ(session->info().withheld, 1U);
  texts();
  send("set b 0 0 1\r\nx\r\nget a\r\n");
  EXPECT_EQ(handler.stored["b"], "x");
  // Three times the request is not counted.
  EXPECT_EQ(texts().front(), "STORED\r\n");
}

TEST_P(UdpSessionTest, ClientsAreNotMixedUp) {
  const Fd other = bound_client(0);
  send_raw(client, framed("set a 0 0 5\r\nab", {.request_id = 1, .total = 1}));
  send_raw(other, framed("get b\r\n", {.request_id = 1, .total = 1}));
  EXPECT_EQ(texts(), Texts{"CLIENT_ERROR bad data chunk\r\n"});
  const auto messages = replies(other);
  ASSERT_EQ(1U, messages.size());
  EXPECT_EQ(messages[0].text, "END\r\n");
}

TEST_P(UdpSessionTest, CountsWhatComesAndGoes) {
  const std::string request = framed("get a\r\n", {.request_id = 1, .total = 1});
  send_raw(client, request);
  const UdpInfo info = session->info();
  EXPECT_EQ(info.number, server.fd.get());
  EXPECT_EQ(info.received, 1U);
  EXPECT_EQ(info.sent, 1U);
  EXPECT_EQ(info.lost, 0U);
  EXPECT_EQ(set->counters().bytes_read.get(), request.size());
  EXPECT_EQ(set->counters().bytes_written.get(), UdpFrame::kSize + 5);
  EXPECT_EQ(set->counters().reply_buffers.get(), 0U);
}

}  // namespace
}  // namespace ember::server::session
