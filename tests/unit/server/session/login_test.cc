// SPDX-License-Identifier: BSD-3-Clause
// What a client that is not known yet is told: the words are memcached 1.6.18's, asked live.
#include "server/session/login.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ember::server::session {
namespace {

struct Case {
  std::string request;
  std::string answer;
  uint64_t commands = 0;
  uint64_t errors = 0;
};

std::string text_of(protocol::ReplyBuffer& reply) {
  std::string text;
  while (!reply.empty()) {
    std::array<iovec, 8> ranges{};
    const size_t count = reply.gather(ranges);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      text.append(static_cast<const char*>(ranges[i].iov_base), ranges[i].iov_len);
      size += ranges[i].iov_len;
    }
    reply.consume(size);
  }
  return text;
}

/// Knows one user.
class OneUser final : public Authenticator {
 public:
  bool allow(std::string_view user, std::string_view password) const override {
    return user == "user" && password == "pass";
  }
};

TEST(Login, AnswersAndCounts) {
  const OneUser users;
  const std::string failure = "CLIENT_ERROR authentication failure\r\n";
  for (const Case& expected : std::vector<Case>{
           {"set k 0 0 9\r\nuser pass\r\n", "STORED\r\n", 1, 0},
           {"set k 0 0 9\r\nuser pasx\r\n", failure, 1, 1},
           {"set k 0 0 9999\r\n", failure, 1, 1},
           {"set k 0 0 1\r\nx\r\n", "CLIENT_ERROR bad authentication token format\r\n"},
           {"set k 0 0 9\r\nuser passXX", "CLIENT_ERROR bad command line termination\r\n"},
           {"get a\r\n", "CLIENT_ERROR unauthenticated\r\n"},
           {"add k 0 0 9\r\n", "CLIENT_ERROR unauthenticated\r\n"},
           {"set k 0 0 9\r\nuser pass", ""},
       }) {
    protocol::BlockPool blocks;
    protocol::ReplyBuffer reply(blocks);
    LoginCounters counters;
    const LoginStep step = answer_login(expected.request, users, counters, reply);
    EXPECT_EQ(expected.answer, text_of(reply)) << expected.request;
    EXPECT_EQ(expected.answer == "STORED\r\n", step.granted) << expected.request;
    EXPECT_EQ(expected.answer.empty() ? 0 : expected.request.size(), step.consumed);
    EXPECT_EQ(expected.commands, counters.commands.get()) << expected.request;
    EXPECT_EQ(expected.errors, counters.errors.get()) << expected.request;
    EXPECT_FALSE(step.close);
  }
}

TEST(Login, ARefusedValueIsAnnounced) {
  protocol::BlockPool blocks;
  protocol::ReplyBuffer reply(blocks);
  LoginCounters counters;
  const LoginStep step =
      answer_login(std::string_view("add k 0 0 9\r\n"), OneUser{}, counters, reply);
  EXPECT_TRUE(step.value_follows);
  EXPECT_EQ(9U, step.value_size);
}

TEST(Login, AnEndlessLineCloses) {
  protocol::BlockPool blocks;
  protocol::ReplyBuffer reply(blocks);
  LoginCounters counters;
  EXPECT_TRUE(answer_login(std::string(3000, 'x'), OneUser{}, counters, reply).close);
  EXPECT_EQ("", text_of(reply));
}

}  // namespace
}  // namespace ember::server::session
