// SPDX-License-Identifier: BSD-3-Clause
// What passes before and after a client has authenticated. Statuses and words are
// memcached 1.6.18's, asked live.
#include "server/auth/sasl_gate.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/binary_header.h"
#include "protocol/binary_parser.h"
#include "tests/unit/protocol/binary_request.h"

namespace ember::server {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::Opcode;
using protocol::Progress;
using protocol::Status;
using Request = protocol::testing::Request;

class Nobody final : public protocol::Client {
 public:
  void resume() override {}
  int number() const override { return 0; }
};

/// Notes what comes through; can end early, as a handler does whose reply is full.
class Behind final : public protocol::Handler {
 public:
  Progress execute(protocol::Client& client, std::span<const Command> batch,
                   protocol::ReplyBuffer& reply) override {
    (void)client;
    Progress progress;
    for (const Command& command : batch) {
      if (progress.executed == most) {
        return progress;
      }
      ++progress.executed;
      seen.push_back(command.binary.opcode);
      reply.append("through\n");
      if (command.verb == protocol::Verb::quit) {
        progress.next = Next::close;
        return progress;
      }
    }
    return progress;
  }
  std::unique_ptr<protocol::IncomingValue> begin_value(protocol::Client&, const Command&,
                                                       protocol::ReplyBuffer&) override {
    ++values;
    return nullptr;
  }
  Progress finish_value(protocol::Client&, const Command&, std::unique_ptr<protocol::IncomingValue>,
                        protocol::ReplyBuffer&) override {
    return {1, Next::ready};
  }
  void forget(protocol::Client&) override { ++forgotten; }

  size_t most = 1000;
  int values = 0;
  int forgotten = 0;
  std::vector<uint8_t> seen;
};

/// PLAIN grants "good"; TWO first says "what?".
class Judge final : public Sasl {
 public:
  class Talk final : public SaslConversation {
   public:
    explicit Talk(int& alive) : alive_(alive) { ++alive_; }
    ~Talk() override { --alive_; }
    SaslOutcome start(std::string_view mechanism, std::string_view data,
                      std::string& answer) override {
      if (mechanism == "TWO") {
        answer = "what?";
        return SaslOutcome::more;
      }
      return step(data, answer);
    }
    SaslOutcome step(std::string_view data, std::string&) override {
      return data == "good" ? SaslOutcome::granted : SaslOutcome::refused;
    }

   private:
    int& alive_;
  };
  std::string mechanisms() override { return "PLAIN TWO"; }
  std::unique_ptr<SaslConversation> begin() override { return std::make_unique<Talk>(alive); }
  int alive = 0;
};

class SaslGateTest : public testing::Test {
 protected:
  /// What the gate does with these requests, all in one batch.
  Next send(const std::string& requests) { return send(client, requests); }

  Next send(protocol::Client& who, const std::string& requests) {
    const std::vector<char> input(requests.begin(), requests.end());
    std::array<Command, 64> commands;
    protocol::BinaryParser parser{protocol::Parser::Options{}};
    const auto step = parser.parse(input, commands);
    protocol::ReplyBuffer reply(blocks);
    const Progress progress = gate.execute(who, std::span(commands).first(step.count), reply);
    executed = progress.executed;
    text.clear();
    while (!reply.empty()) {
      std::array<iovec, 8> ranges{};
      size_t size = 0;
      for (size_t i = 0, count = reply.gather(ranges); i < count; ++i) {
        text.append(static_cast<const char*>(ranges[i].iov_base), ranges[i].iov_len);
        size += ranges[i].iov_len;
      }
      reply.consume(size);
    }
    return progress.next;
  }

  static std::string answer(Opcode opcode, Status status, std::string_view body) {
    std::array<char, protocol::kBinaryHeaderSize> header{};
    protocol::write_binary_header(header.data(),
                                  {.opcode = static_cast<uint8_t>(opcode),
                                   .status = status,
                                   .value_size = static_cast<uint32_t>(body.size())});
    return std::string(header.data(), header.size()).append(body);
  }

  static std::string auth(std::string_view mechanism, std::string_view data) {
    return Request{
        .opcode = Opcode::sasl_auth, .key = std::string(mechanism), .value = std::string(data)};
  }
  static std::string step(std::string_view data) {
    return Request{.opcode = Opcode::sasl_step, .key = "TWO", .value = data};
  }

  const std::string granted = answer(Opcode::sasl_auth, Status::success, "Authenticated");
  const std::string refused = answer(Opcode::sasl_auth, Status::auth_error, "Auth failure.");

  Nobody client;
  Behind behind;
  Judge judge;
  protocol::BlockPool blocks;
  SaslGate gate{behind, judge};
  size_t executed = 0;
  std::string text;
};

TEST_F(SaslGateTest, EverythingElseBeforeAuthenticationCloses) {
  for (int number = 0; number < 0x28; ++number) {
    const auto opcode = static_cast<Opcode>(number);
    if (opcode == Opcode::version || (opcode >= Opcode::sasl_list_mechs && number <= 0x22)) {
      continue;
    }
    Nobody other_client;
    EXPECT_EQ(Next::close, send(other_client, Request{.opcode = opcode})) << number;
    EXPECT_EQ(answer(opcode, Status::auth_error, "Auth failure."), text) << number;
  }
  EXPECT_TRUE(behind.seen.empty());
  EXPECT_EQ(0U, gate.counters().commands.get());
}

TEST_F(SaslGateTest, VersionAndMechanismsAreOpen) {
  EXPECT_EQ(Next::ready, send(Request{.opcode = Opcode::version}));
  EXPECT_EQ("through\n", text);
  EXPECT_EQ(Next::ready, send(Request{.opcode = Opcode::sasl_list_mechs}));
  EXPECT_EQ(answer(Opcode::sasl_list_mechs, Status::success, "PLAIN TWO"), text);
}

TEST_F(SaslGateTest, AWrongAttemptDoesNotCloseAndARightOneOpens) {
  EXPECT_EQ(Next::ready, send(auth("PLAIN", "bad")));
  EXPECT_EQ(refused, text);
  EXPECT_EQ(Next::ready, send(auth("PLAIN", "good")));
  EXPECT_EQ(granted, text);
  EXPECT_EQ(Next::ready, send(Request{.opcode = Opcode::noop}));
  EXPECT_EQ("through\n", text);
  EXPECT_EQ(2U, gate.counters().commands.get());
  EXPECT_EQ(1U, gate.counters().errors.get());
  EXPECT_EQ(0, judge.alive);
}

TEST_F(SaslGateTest, AFailedAttemptTakesBackWhatWasGranted) {
  send(auth("PLAIN", "good"));
  send(auth("PLAIN", "bad"));
  EXPECT_EQ(refused, text);
  EXPECT_EQ(Next::close, send(Request{.opcode = Opcode::noop}));
  send(auth("PLAIN", "good"));
  send(auth("PLAIN", "good"));
  EXPECT_EQ(granted, text);
}

TEST_F(SaslGateTest, PipelinesAreCutWhereTheStandingChanges) {
  const std::string noop = Request{.opcode = Opcode::noop};
  EXPECT_EQ(Next::ready, send(auth("PLAIN", "good") + noop + noop + auth("PLAIN", "good") + noop));
  EXPECT_EQ(granted + "through\nthrough\n" + granted + "through\n", text);
  Nobody other;
  EXPECT_EQ(Next::close, send(other, auth("PLAIN", "bad") + noop + auth("PLAIN", "good")));
  EXPECT_EQ(2U, executed);
  EXPECT_EQ(refused + answer(Opcode::noop, Status::auth_error, "Auth failure."), text);
}

TEST_F(SaslGateTest, AHandlerThatStopsIsHeeded) {
  send(auth("PLAIN", "good"));
  const std::string noop = Request{.opcode = Opcode::noop};
  behind.most = 2;
  EXPECT_EQ(Next::ready, send(noop + noop + noop));
  EXPECT_EQ(2U, executed);
  behind.most = 1000;
  EXPECT_EQ(Next::close, send(noop + std::string(Request{.opcode = Opcode::quit}) + noop));
  EXPECT_EQ(2U, executed);
}

TEST_F(SaslGateTest, AConversationOfSeveralSteps) {
  EXPECT_EQ(Next::ready, send(auth("TWO", "")));
  EXPECT_EQ(answer(Opcode::sasl_auth, Status::auth_continue, "what?"), text);
  EXPECT_EQ(1, judge.alive);
  EXPECT_EQ(Next::ready, send(step("good")));
  EXPECT_EQ(answer(Opcode::sasl_step, Status::success, "Authenticated"), text);
  EXPECT_EQ(1U, gate.counters().commands.get());
  EXPECT_EQ(0, judge.alive);
}

TEST_F(SaslGateTest, AStepWithoutABeginningFails) {
  send(step("good"));
  EXPECT_EQ(answer(Opcode::sasl_step, Status::auth_error, "Auth failure."), text);
  // What was granted is no beginning either.
  send(auth("PLAIN", "good"));
  send(step("good"));
  EXPECT_EQ(answer(Opcode::sasl_step, Status::auth_error, "Auth failure."), text);
}

TEST_F(SaslGateTest, AClientThatGoesLeavesNothing) {
  send(auth("TWO", ""));
  gate.forget(client);
  EXPECT_EQ(1, behind.forgotten);
  EXPECT_EQ(0, judge.alive);
  send(auth("PLAIN", "good"));
  gate.forget(client);
  // The next client may have its address.
  EXPECT_EQ(Next::close, send(Request{.opcode = Opcode::noop}));
}

TEST_F(SaslGateTest, LongNamesAndLongMessages) {
  send(auth(std::string(32, 'M'), "bad"));
  EXPECT_EQ(refused, text);
  send(auth(std::string(33, 'M'), "bad"));
  EXPECT_EQ(answer(Opcode::sasl_auth, Status::invalid_arguments, "Invalid arguments"), text);
  send(auth("PLAIN", std::string(100000, 'x')) + std::string(Request{.opcode = Opcode::version}));
  EXPECT_EQ(refused + "through\n", text);
  EXPECT_EQ(2U, gate.counters().commands.get());
}

TEST_F(SaslGateTest, ALargeValueBeforeAuthenticationBeginsNowhere) {
  protocol::ReplyBuffer reply(blocks);
  Command command;
  command.verb = protocol::Verb::set;
  command.is_binary = true;
  EXPECT_EQ(nullptr, gate.begin_value(client, command, reply));
  EXPECT_FALSE(reply.empty());
  EXPECT_EQ(0, behind.values);
  send(auth("PLAIN", "good"));
  gate.begin_value(client, command, reply);
  EXPECT_EQ(1, behind.values);
}

TEST_F(SaslGateTest, TextIsClosedWithoutAWord) {
  Command command;
  command.verb = protocol::Verb::version;
  protocol::ReplyBuffer reply(blocks);
  const Progress progress = gate.execute(client, {&command, 1}, reply);
  EXPECT_EQ(Next::close, progress.next);
  EXPECT_TRUE(reply.empty());
}

}  // namespace
}  // namespace ember::server
