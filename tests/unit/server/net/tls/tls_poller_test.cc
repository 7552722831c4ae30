// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_poller.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/server/net/test_loop.h"
#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::server::net {
namespace {

/// Both pollers, each behind TLS.
class TlsPollerTest : public PollerTest {
 protected:
  void protect(const TlsOptions& options) {
    auto opened = TlsContext::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    context = std::move(*opened);
    auto secured = TlsPoller::open(std::move(poller), *context, timers);
    ASSERT_TRUE(secured.has_value());
    poller = std::move(*secured);
  }

  /// Adds a connection that is protected so; ours is the client's end.
  Fd join(RecordingStream& stream, Security security = Security::tls) {
    auto [theirs, ours] = connection();
    stream.poller_state.security = security;
    poller->add(stream, std::move(theirs));
    return std::move(ours);
  }

  /// Moves bytes between the client and its socket and turns, until `done`.
  void talk(TlsClient& client, const Fd& socket, const std::function<bool()>& done) {
    run_until([&] {
      client.advance(read_some(socket));
      if (const std::string bytes = client.outgoing(); !bytes.empty()) {
        write_all(socket, bytes);
      }
      return done();
    });
  }

  /// Closes, as the stream's user does when it was told of the end.
  void finish(RecordingStream& stream) {
    poller->close(stream);
    run_until([&] { return stream.releases == 1; });
  }

  /// A connection whose handshake is over: the poller's end and the client's.
  struct Met {
    Met(TlsPollerTest& test, const TlsClient::Options& how)
        : socket(test.join(stream)), client(how) {
      test.talk(client, socket, [&] { return client.established(); });
    }

    RecordingStream stream;
    Fd socket;
    TlsClient client;
  };

  /// The client says something short, and it arrives.
  void say(Met& met) {
    met.client.say("q");
    talk(met.client, met.socket, [&] { return met.stream.received == "q"; });
  }

  TestCertificates certificates;
  Clock clock;
  std::unique_ptr<TlsContext> context;
  Timers timers{clock};
};

INSTANTIATE_TEST_SUITE_P(Pollers, TlsPollerTest,
                         testing::Values(PollerKind::uring, PollerKind::epoll), kind_name);

TEST_P(TlsPollerTest, PlainBytesGoInAndOut) {
  protect(certificates.options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RecordingStream stream;
    stream.react = [&](std::string_view) { send(stream, "answer"); };
    const Fd socket = join(stream);
    TlsClient client({.version = version});
    talk(client, socket, [&] { return client.established(); });
    client.say("question");
    talk(client, socket, [&] { return client.received == "answer"; });
    EXPECT_EQ("question", stream.received);
    run_until([&] { return stream.sent == 6; });
    EXPECT_EQ(version, SSL_version(client.ssl()));
    finish(stream);
    client.advance(read_some(socket));
    EXPECT_TRUE(client.said_goodbye);
  }
  EXPECT_EQ(0U, context->handshake_errors());
}

TEST_P(TlsPollerTest, HandshakeAndRecordsMayComeByteByByte) {
  protect(certificates.options());
  RecordingStream stream;
  stream.react = [&](std::string_view) { send(stream, "answer"); };
  const Fd socket = join(stream);
  TlsClient client({});
  bool asked = false;
  run_until([&] {
    client.advance(read_some(socket));
    if (client.established() && !asked) {
      asked = true;
      client.say("question");
    }
    for (const char byte : client.outgoing()) {
      write_all(socket, {&byte, 1});
      poller->turn(0);
    }
    return client.received == "answer";
  });
  EXPECT_EQ("question", stream.received);
  finish(stream);
}

TEST_P(TlsPollerTest, ManySmallRecordsAreOneCall) {
  protect(certificates.options());
  Met met(*this, {});
  auto& [stream, socket, client] = met;
  int calls = 0;
  stream.react = [&](std::string_view) { ++calls; };
  constexpr size_t kPieces = 50;
  for (size_t i = 0; i < kPieces; ++i) {
    client.say("piece");
  }
  talk(client, socket, [&] { return stream.received.size() == kPieces * 5; });
  EXPECT_LE(calls, 2);
  finish(stream);
}

TEST_P(TlsPollerTest, SmallRangesShareARecord) {
  protect(certificates.options());
  Met met(*this, {});
  auto& [stream, socket, client] = met;
  say(met);
  const std::string part(100, 'p');
  const std::vector<iovec> ranges(
      60, {.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()});
  std::string encrypted = read_some(socket);
  client.advance(encrypted);
  poller->send(stream, ranges);
  run_until([&] { return stream.sent == 6000; });
  encrypted = read_some(socket);
  EXPECT_LT(encrypted.size(), 6000U + 64);  // one record's head and tag, not sixty
  client.advance(encrypted);
  EXPECT_EQ(std::string(6000, 'p'), client.received);
  finish(stream);
}

TEST_P(TlsPollerTest, ASendTakesAsMuchAsSsl_wbuf_sizeSays) {
  TlsOptions options = certificates.options();
  options.write_size = 40 * kKiB;
  protect(options);
  Met met(*this, {});
  auto& [stream, socket, client] = met;
  say(met);
  const std::string large(200 * kKiB, 'v');
  send(stream, large);
  talk(client, socket, [&] { return stream.completions == 1; });
  EXPECT_EQ(40 * kKiB, stream.sent);
  stream.on_completion = [&] {
    if (stream.sent < large.size()) {
      send(stream, std::string_view(large).substr(stream.sent));
    }
  };
  stream.on_completion();
  talk(client, socket, [&] { return client.received.size() == large.size(); });
  EXPECT_EQ(large, client.received);
  stream.on_completion = nullptr;
  finish(stream);
}

TEST_P(TlsPollerTest, WhatIsNoTlsIsToldSoAndCounted) {
  protect(certificates.options());
  RecordingStream stream;
  const Fd socket = join(stream);
  write_all(socket, "get foo\r\n");
  run_until([&] { return stream.ends == 1; });
  EXPECT_EQ(EPROTO, stream.end_error);
  EXPECT_EQ("", stream.received);
  EXPECT_EQ(1U, context->handshake_errors());
  finish(stream);
}

TEST_P(TlsPollerTest, AClientThatGivesUpIsCountedOnlyIfItSaidSomething) {
  protect(certificates.options());
  for (const std::string_view said : {"", "\x16\x03\x01"}) {
    RecordingStream stream;
    Fd socket = join(stream);
    if (!said.empty()) {
      write_all(socket, said);
      poller->turn(10);
    }
    socket.reset();
    run_until([&] { return stream.ends == 1; });
    EXPECT_EQ(said.empty() ? 0U : 1U, context->handshake_errors());
    finish(stream);
  }
}

TEST_P(TlsPollerTest, AHandshakeHasATimeLimit) {
  TlsOptions options = certificates.options();
  options.handshake_timeout_s = 5;
  protect(options);
  RecordingStream slow;
  const Fd slow_socket = join(slow);
  write_all(slow_socket, "\x16\x03\x01");
  Met quick(*this, {});
  say(quick);
  clock.advance(4);
  timers.run();
  EXPECT_EQ(0, slow.ends);
  EXPECT_LE(timers.wait_ms(Poller::kForever), 1000);
  clock.advance(1);
  timers.run();
  EXPECT_EQ(1, slow.ends);
  EXPECT_EQ(0U, timers.size());
  EXPECT_EQ(ETIMEDOUT, slow.end_error);
  EXPECT_EQ(1U, context->handshake_errors());
  EXPECT_EQ(0, quick.stream.ends);
  finish(slow);
  finish(quick.stream);
}

TEST_P(TlsPollerTest, NoiseAfterTheHandshakeEndsTheConnection) {
  protect(certificates.options());
  Met met(*this, {});
  auto& [stream, socket, client] = met;
  say(met);
  write_all(socket, std::string(100, '\x17'));
  run_until([&] { return stream.ends == 1; });
  EXPECT_EQ(EPROTO, stream.end_error);
  EXPECT_EQ(0U, context->handshake_errors());
  finish(stream);
}

TEST_P(TlsPollerTest, AGoodbyeIsAnEndAfterWhichAnswersStillGo) {
  protect(certificates.options());
  Met met(*this, {.version = TLS1_3_VERSION});
  auto& [stream, socket, client] = met;
  client.say("q");
  SSL_shutdown(client.ssl());
  write_all(socket, client.outgoing());
  run_until([&] { return stream.ends == 1; });
  EXPECT_EQ(0, stream.end_error);
  EXPECT_EQ("q", stream.received);
  send(stream, "answer");
  talk(client, socket, [&] { return client.received == "answer"; });
  finish(stream);
}

TEST_P(TlsPollerTest, KeyUpdatesThatNobodyReadsTheAnswersOfEndTheConnection) {
  protect(certificates.options());
  Met met(*this, {.version = TLS1_3_VERSION});
  auto& [stream, socket, client] = met;
  for (int i = 0; i < 1'000'000 && stream.ends == 0; ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client.ssl());
    const std::string bytes = client.outgoing();
    size_t written = 0;
    while (written < bytes.size() && stream.ends == 0) {
      const auto size = ::send(socket.get(), bytes.data() + written, bytes.size() - written,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
      written += size > 0 ? static_cast<size_t>(size) : 0;
      if (size < 0) {
        poller->turn(0);
      }
    }
    if (i % 100 == 0) {
      poller->turn(0);
    }
  }
  EXPECT_EQ(1, stream.ends);
  EXPECT_EQ(ECONNABORTED, stream.end_error);
  finish(stream);
}

TEST_P(TlsPollerTest, RenegotiationIsRefused) {
  protect(certificates.options());
  Met met(*this, {.version = TLS1_2_VERSION});
  auto& [stream, socket, client] = met;
  ASSERT_EQ(1, SSL_renegotiate(client.ssl()));
  SSL_do_handshake(client.ssl());
  talk(client, socket, [&] { return client.failed; });
  finish(stream);
}

TEST_P(TlsPollerTest, ClientsCertificatesAreAskedForAsTold) {
  struct Case {
    TlsVerify verify;
    Security security;
    bool with_good;
    bool with_bad;
    bool without;
  };
  TestCertificates strangers;
  for (const Case& each : {Case{TlsVerify::none, Security::tls, true, true, true},
                           Case{TlsVerify::request, Security::tls, true, false, true},
                           Case{TlsVerify::require, Security::tls, true, false, false},
                           Case{TlsVerify::once, Security::tls, true, false, false},
                           Case{TlsVerify::none, Security::tls_certified, true, false, false}}) {
    TlsOptions options = certificates.options();
    options.ca_cert = certificates.path("ca.pem");
    options.verify = each.verify;
    SetUp();
    protect(options);
    const auto welcome = [&](const TlsClient::Options& how) {
      RecordingStream stream;
      const Fd socket = join(stream, each.security);
      TlsClient client(how);
      bool said = false;
      talk(client, socket, [&] {
        if (client.established() && !client.failed && !said) {
          said = true;
          client.say("q");
        }
        return stream.received == "q" || stream.ends == 1;
      });
      finish(stream);
      return stream.received == "q";
    };
    EXPECT_EQ(each.with_good, welcome({.certificate = certificates.path("client.pem"),
                                       .key = certificates.path("client.key")}));
    EXPECT_EQ(each.with_bad, welcome({.certificate = strangers.path("client.pem"),
                                      .key = strangers.path("client.key")}));
    EXPECT_EQ(each.without, welcome({}));
  }
}

TEST_P(TlsPollerTest, SessionsAreResumedIfCached) {
  for (const bool cached : {true, false}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      TlsOptions options = certificates.options();
      options.session_cache = cached;
      SetUp();
      protect(options);
      const auto visit = [&](SSL_SESSION* resumed) {
        RecordingStream stream;
        stream.react = [&](std::string_view) { send(stream, "a"); };
        const Fd socket = join(stream);
        TlsClient client({.version = version, .resumed = resumed});
        talk(client, socket, [&] { return client.established(); });
        client.say("q");
        talk(client, socket, [&] { return client.received == "a"; });
        EXPECT_EQ(cached && resumed != nullptr, SSL_session_reused(client.ssl()) == 1);
        finish(stream);
        SSL_set_shutdown(client.ssl(), SSL_SENT_SHUTDOWN);  // else OpenSSL lets it not resume
        return SSL_get1_session(client.ssl());
      };
      SSL_SESSION* const session = visit(nullptr);
      SSL_SESSION_free(visit(session));
      SSL_SESSION_free(session);
      if (version == TLS1_3_VERSION) {  // of tickets of TLS 1.2 OpenSSL tells nobody
        EXPECT_EQ(cached, context->new_sessions() > 0);
      }
    }
  }
}

TEST_P(TlsPollerTest, PlainStreamsPassThrough) {
  protect(certificates.options());
  RecordingStream stream;
  stream.react = [&](std::string_view) { send(stream, "answer"); };
  const Fd socket = join(stream, Security::plain);
  write_all(socket, "question");
  std::string received;
  run_until([&] { return (received += read_some(socket)) == "answer"; });
  poller->pause(stream);
  poller->resume(stream);
  finish(stream);
}

}  // namespace
}  // namespace ember::server::net
