// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/auth_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace ember::server {
namespace {

std::string refusal(std::string_view text) {
  AuthUsers users;
  const auto added = users.add_lines(text);
  return added ? "" : added.error().message;
}

TEST(AuthUsers, NobodyMayWithoutALine) {
  AuthUsers users;
  ASSERT_TRUE(users.add_lines(""));
  EXPECT_EQ(0U, users.size());
  EXPECT_FALSE(users.allow("", ""));
  EXPECT_FALSE(users.allow("user", "pass"));
}

TEST(AuthUsers, NameAndPasswordMustBothBeRight) {
  AuthUsers users;
  ASSERT_TRUE(users.add_lines("user:pass\nother:word\n"));
  EXPECT_EQ(2U, users.size());
  EXPECT_EQ(0U, users.useless());
  EXPECT_TRUE(users.allow("user", "pass"));
  EXPECT_TRUE(users.allow("other", "word"));
  for (const auto& [user, password] : {std::pair{"user", "word"},
                                       {"other", "pass"},
                                       {"USER", "pass"},
                                       {"user", "pas"},
                                       {"user", "passx"},
                                       {"use", "rpass"},
                                       {"userp", "ass"},
                                       {"user:", "pass"},
                                       {"user:pass", ""},
                                       {"", "user:pass"},
                                       {"", ""}}) {
    EXPECT_FALSE(users.allow(user, password)) << user << " " << password;
  }
  EXPECT_FALSE(users.allow("user", std::string_view("pass\0", 5)));
}

TEST(AuthUsers, TheFirstColonSeparates) {
  AuthUsers users;
  ASSERT_TRUE(users.add_lines("a:b:c\n"));
  EXPECT_TRUE(users.allow("a", "b:c"));
  EXPECT_FALSE(users.allow("a:b", "c"));
}

TEST(AuthUsers, AnyLineOfAUserCounts) {
  AuthUsers users;
  ASSERT_TRUE(users.add_lines("user:old\nuser:new\n"));
  EXPECT_TRUE(users.allow("user", "old"));
  EXPECT_TRUE(users.allow("user", "new"));
}

// memcached 1.6.18 takes these files and heeds only a part of them.
TEST(AuthUsers, ManyLinesAndALastOneWithoutALineFeed) {
  AuthUsers users;
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "u" + std::to_string(i) + ":p\n";
  }
  ASSERT_TRUE(users.add_lines(text + "last:pass"));
  EXPECT_TRUE(users.allow("u0", "p"));
  EXPECT_TRUE(users.allow("u99", "p"));
  EXPECT_TRUE(users.allow("last", "pass"));
  EXPECT_FALSE(users.allow("last", "pas"));
}

TEST(AuthUsers, LinesThatNobodyCanMatchAreCounted) {
  AuthUsers users;
  ASSERT_TRUE(users.add_lines(":pass\nuser:\nus er:x\nuser:a b\nuser:pass\n"));
  EXPECT_EQ(5U, users.size());
  EXPECT_EQ(4U, users.useless());
}

TEST(AuthUsers, AFaultyLineRefusesTheFileAndNamesItsNumberOnly) {
  const std::string form = "; every line is user:password, without blank lines or comments";
  EXPECT_EQ("line 1 has no colon" + form, refusal("secret\n"));
  EXPECT_EQ("line 1 has no colon" + form, refusal("# comment\nuser:pass\n"));
  EXPECT_EQ("line 2 has no colon" + form, refusal("user:pass\n\na:b\n"));
  EXPECT_EQ("line 3 has no colon" + form, refusal("user:pass\na:b\nsecret"));
  EXPECT_EQ("line 1 ends with a carriage return; save the file with Unix line ends" + form,
            refusal("user:pass\r\n"));
  EXPECT_EQ("line 1 has a zero byte" + form, refusal(std::string_view("us\0er:pass\n", 11)));
  const std::string longest = "u:" + std::string(AuthFile::kMaxLineSize - 2, 'p');
  EXPECT_EQ("", refusal(longest + "\n"));
  EXPECT_EQ("", refusal(longest));
  EXPECT_EQ("line 1 is longer than 254 bytes" + form, refusal(longest + "p\n"));
}

class AuthFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "auth_file_XXXXXX";
    const int file = ::mkstemp(name.data());
    ASSERT_GE(file, 0);
    ::close(file);
    path = name;
  }
  void TearDown() override { ::unlink(path.c_str()); }

  void write(std::string_view text) const { std::ofstream(path, std::ios::trunc) << text; }

  std::string path;
};

TEST_F(AuthFileTest, LoadsAndReloads) {
  write("user:old\n");
  AuthFile file(path, "-Y");
  EXPECT_FALSE(file.allow("user", "old"));
  ASSERT_TRUE(file.load());
  EXPECT_TRUE(file.allow("user", "old"));
  write("user:new\n");
  EXPECT_TRUE(file.allow("user", "old"));
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(file.allow("user", "old"));
  EXPECT_TRUE(file.allow("user", "new"));
  EXPECT_EQ(1U, file.size());
}

TEST_F(AuthFileTest, WhatCannotBeReadLeavesEverythingAsItWas) {
  write("user:pass\n");
  AuthFile file(path, "-Y");
  ASSERT_TRUE(file.load());
  write("junk");
  const auto junk = file.load();
  ASSERT_FALSE(junk);
  EXPECT_EQ("auth file " + path +
                " (-Y): line 1 has no colon; every line is user:password, without blank lines or "
                "comments",
            junk.error().message);
  EXPECT_TRUE(file.allow("user", "pass"));
  ASSERT_EQ(0, ::unlink(path.c_str()));
  const auto missing = file.load();
  ASSERT_FALSE(missing);
  EXPECT_EQ("cannot open auth file " + path + " (-Y): No such file or directory",
            missing.error().message);
  EXPECT_TRUE(file.allow("user", "pass"));
}

TEST_F(AuthFileTest, OnlyRegularFilesOfABoundedSize) {
  EXPECT_EQ("auth file /tmp (-Y) is no regular file",
            AuthFile("/tmp", "-Y").load().error().message);
  ::unlink(path.c_str());
  ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600));
  EXPECT_EQ("auth file " + path + " (-Y) is no regular file",
            AuthFile(path, "-Y").load().error().message);
  ::unlink(path.c_str());
  std::string text;
  while (text.size() < AuthFile::kMaxFileSize) {
    text += "user:pa\n";
  }
  ASSERT_EQ(AuthFile::kMaxFileSize, text.size());
  write(text);
  EXPECT_TRUE(AuthFile(path, "-Y").load());
  write(text + "\n");
  EXPECT_EQ("auth file " + path + " (-Y) is larger than 256 KiB",
            AuthFile(path, "-Y").load().error().message);
}

TEST_F(AuthFileTest, IsAskedWhileItIsReadAnew) {
  write("user:pass\n");
  AuthFile file(path, "-Y");
  ASSERT_TRUE(file.load());
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread asker([&] {
    while (!done) {
      wrong += file.allow("user", "pass") ? 0 : 1;
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(file.load());
  }
  done = true;
  asker.join();
  EXPECT_EQ(0, wrong);
}

}  // namespace
}  // namespace ember::server
