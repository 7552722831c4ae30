// SPDX-License-Identifier: BSD-3-Clause
// What a client may say before it is known. The expected outcomes are memcached 1.6.18's, asked
// live.
#include "protocol/login_request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::protocol {
namespace {

using Kind = LoginRequest::Kind;

LoginRequest read(std::string_view text) { return read_login(text); }

std::string set_of(std::string_view value) {
  return "set k 0 0 " + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
}

void expect_credentials(std::string_view user, std::string_view password, std::string_view text) {
  const LoginRequest request = read(text);
  ASSERT_EQ(Kind::credentials, request.kind) << text;
  EXPECT_EQ(user, request.user);
  EXPECT_EQ(password, request.password);
  EXPECT_EQ(text.size(), request.consumed);
  EXPECT_FALSE(request.value_follows);
}

TEST(LoginRequest, TwoWordsAreCredentials) {
  expect_credentials("user", "pass", "set k 0 0 9\r\nuser pass\r\n");
  expect_credentials("a", "b:c", set_of("a b:c"));
}

TEST(LoginRequest, KeyFlagsExptimeAndWhatIsBehindTheSizeAreIgnored) {
  const std::string tail = "\r\nuser pass\r\n";
  expect_credentials("user", "pass", "set " + std::string(251, 'k') + " 0 0 9" + tail);
  expect_credentials("user", "pass", "set k x y 9" + tail);
  expect_credentials("user", "pass", "set k -1 99999999999999999999 9" + tail);
  expect_credentials("user", "pass", "set k 0 0 9 noreply" + tail);
  expect_credentials("user", "pass", "set k 0 0 9 a b" + tail);
  expect_credentials("user", "pass", "  set  k 0 0  9 " + tail);
  expect_credentials("user", "pass", "set k 0 0 9\nuser pass\r\n");
}

TEST(LoginRequest, BlanksAroundTheWordsAndFurtherWordsAreIgnored) {
  expect_credentials("user", "pass", set_of("user  pass"));
  expect_credentials("user", "pass", set_of(" user pass "));
  expect_credentials("user", "pass", set_of("user pass x"));
}

TEST(LoginRequest, FewerThanTwoWordsAreNone) {
  for (const std::string_view value : {"", "a", " ", "  ", "user:pass", "user\tpass", "user "}) {
    const std::string text = set_of(value);
    const LoginRequest request = read(text);
    EXPECT_EQ(Kind::malformed, request.kind) << value;
    EXPECT_EQ(text.size(), request.consumed);
  }
}

TEST(LoginRequest, AnythingElseIsOneRefusedLine) {
  for (const std::string_view line :
       {"", "\r", "get a\r", "version\r", "quit\r", "SET k 0 0 9\r", "set k 0 9\r", "set\r",
        "set k 0 0 x\r", "set k 0 0 -1\r", "mn\r", "ms k 9\r", "\x80\x21\r"}) {
    const std::string text = std::string(line) + "\nuser pass\r\n";
    const LoginRequest request = read(text);
    EXPECT_EQ(Kind::other, request.kind) << line;
    EXPECT_EQ(line.size() + 1, request.consumed) << line;
    EXPECT_FALSE(request.value_follows) << line;
  }
}

TEST(LoginRequest, TheValueOfARefusedStorageCommandIsNoCommand) {
  for (const std::string_view word : {"add", "replace", "append", "prepend", "cas"}) {
    const std::string text = std::string(word) + " k 0 0 70000 1\r\n";
    const LoginRequest request = read(text);
    EXPECT_EQ(Kind::other, request.kind) << word;
    EXPECT_EQ(text.size(), request.consumed) << word;
    EXPECT_TRUE(request.value_follows) << word;
    EXPECT_EQ(70000U, request.value_size) << word;
  }
}

TEST(LoginRequest, AWrongLineEndBehindTheValueIsRefused) {
  const LoginRequest request = read("set k 0 0 9\r\nuser passXXmn\r\n");
  EXPECT_EQ(Kind::bad_end, request.kind);
  EXPECT_EQ(24U, request.consumed);
}

TEST(LoginRequest, ALargeValueIsNotWaitedFor) {
  const std::string largest = "u " + std::string(kMaxLoginValue - 2, 'p');
  expect_credentials("u", largest.substr(2), set_of(largest));
  const auto refused = [](std::string_view size) {
    const std::string text = "set k 0 0 " + std::string(size) + "\r\n";
    const LoginRequest request = read(text);
    EXPECT_EQ(Kind::too_large, request.kind) << size;
    EXPECT_EQ(text.size(), request.consumed) << size;
    EXPECT_TRUE(request.value_follows) << size;
    return request.value_size;
  };
  EXPECT_EQ(kMaxLoginValue + 1, refused(std::to_string(kMaxLoginValue + 1)));
  EXPECT_EQ(4000000000U, refused("4000000000"));
  EXPECT_EQ(UINT64_MAX, refused("18446744073709551615"));
}

TEST(LoginRequest, AnEndlessLineIsNotWaitedFor) {
  const std::string longest(kMaxLoginLine, 'x');
  EXPECT_EQ(Kind::more_input, read(longest).kind);
  EXPECT_EQ(Kind::other, read(longest + "\n").kind);
  EXPECT_EQ(Kind::endless_line, read(longest + "x").kind);
  EXPECT_EQ(Kind::endless_line, read(longest + "x\n").kind);
}

TEST(LoginRequest, ACutRequestIsWaitedFor) {
  const std::string whole = "set k 0 0 9\r\nuser pass\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    const LoginRequest request = read(whole.substr(0, size));
    EXPECT_EQ(Kind::more_input, request.kind) << size;
    EXPECT_EQ(0U, request.consumed) << size;
  }
}

}  // namespace
}  // namespace ember::protocol
