// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/sasl_plain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace ember::server {
namespace {

std::string plain(std::string_view user, std::string_view password,
                  std::string_view for_whom = "") {
  std::string text(for_whom);
  text.append(1, '\0').append(user).append(1, '\0').append(password);
  return text;
}

TEST(ReadPlain, ThreePartsWithZeroBytesBetween) {
  const std::string text = plain("user", "pass word:x", "other");
  const auto message = read_plain(text);
  ASSERT_TRUE(message);
  EXPECT_EQ("other", message->authorization);
  EXPECT_EQ("user", message->user);
  EXPECT_EQ("pass word:x", message->password);
}

TEST(ReadPlain, AnythingElseIsNone) {
  for (const std::string& text :
       {std::string(), std::string("user"), std::string(1, '\0'), std::string(2, '\0'),
        std::string(3, '\0'), plain("user", ""), plain("", "pass"),
        plain("user", std::string("pa\0ss", 5)), plain("user", "pass") + '\0'}) {
    EXPECT_FALSE(read_plain(text)) << text;
  }
}

class SaslPlainTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "sasl_plain_XXXXXX";
    const int file = ::mkstemp(path.data());
    constexpr std::string_view kUsers = "user:pass\n";
    EXPECT_EQ(static_cast<ssize_t>(kUsers.size()), ::write(file, kUsers.data(), kUsers.size()));
    ::close(file);
    users = std::make_unique<AuthFile>(path, "test");
    EXPECT_TRUE(users->load());
    ::unlink(path.c_str());
    sasl = std::make_unique<SaslPlain>(*users);
  }

  SaslOutcome start(std::string_view mechanism, std::string_view data) {
    return sasl->begin()->start(mechanism, data, answer);
  }

  std::unique_ptr<AuthFile> users;
  std::unique_ptr<SaslPlain> sasl;
  std::string answer;
};

TEST_F(SaslPlainTest, NameAndPasswordMustBeRight) {
  EXPECT_EQ("PLAIN", sasl->mechanisms());
  EXPECT_EQ(SaslOutcome::granted, start("PLAIN", plain("user", "pass")));
  EXPECT_EQ(SaslOutcome::granted, start("plain", plain("user", "pass")));
  EXPECT_EQ(SaslOutcome::refused, start("PLAIN", plain("user", "pasx")));
  EXPECT_EQ(SaslOutcome::refused, start("PLAIN", plain("other", "pass")));
  EXPECT_EQ(SaslOutcome::refused, start("PLAIN", "junk"));
}

TEST_F(SaslPlainTest, NobodyActsForSomebodyElse) {
  EXPECT_EQ(SaslOutcome::granted, start("PLAIN", plain("user", "pass", "user")));
  EXPECT_EQ(SaslOutcome::refused, start("PLAIN", plain("user", "pass", "other")));
}

TEST_F(SaslPlainTest, OtherMechanismsAreRefused) {
  EXPECT_EQ(SaslOutcome::refused, start("CRAM-MD5", plain("user", "pass")));
  EXPECT_EQ(SaslOutcome::refused, start("PLAINX", plain("user", "pass")));
  EXPECT_EQ(SaslOutcome::refused, start("", plain("user", "pass")));
}

TEST_F(SaslPlainTest, WithoutAnInitialResponseItIsAskedFor) {
  const auto conversation = sasl->begin();
  EXPECT_EQ(SaslOutcome::more, conversation->start("PLAIN", "", answer));
  EXPECT_EQ("", answer);
  EXPECT_EQ(SaslOutcome::granted, conversation->step(plain("user", "pass"), answer));
}

}  // namespace
}  // namespace ember::server
