// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/argument_reader.h"

#include <gtest/gtest.h>

namespace ember::server {
namespace {

/// "memory-limit=64 verbose": all options read, or the message that ended the reading.
std::string read_all(const std::vector<std::string>& arguments) {
  ArgumentReader reader(arguments);
  std::string all;
  while (true) {
    const auto next = reader.next();
    if (!next) {
      return next.error().message;
    }
    const std::optional<GivenOption>& given = *next;
    if (!given) {
      return all;
    }
    all += all.empty() ? "" : " ";
    all += given->row->long_name;
    if (given->value) {
      all += '=' + *given->value;
    }
  }
}

TEST(ArgumentReader, ReadsAsGetoptLong) {
  EXPECT_EQ(read_all({}), "");
  EXPECT_EQ(read_all({"-vvp1", "-m", "2"}), "verbose verbose port=1 memory-limit=2");
  EXPECT_EQ(read_all({"-p", "-1"}), "port=-1");
  EXPECT_EQ(read_all({"-l", "-p"}), "listen=-p");
  EXPECT_EQ(read_all({"-p", "--"}), "port=--");
  EXPECT_EQ(read_all({"--port", "1", "--", "-v"}), "port=1");
  EXPECT_EQ(read_all({"a", "-v", "b", "-M"}), "verbose disable-evictions");
  EXPECT_EQ(read_all({"-o", "a,b=c", "-od"}), "extended=a,b=c extended=d");
  EXPECT_EQ(read_all({"--po=1"}), "port=1");
  EXPECT_EQ(read_all({"--extended="}), "extended=");
  EXPECT_EQ(read_all({"--disable_cas"}), "disable-cas");
}

TEST(ArgumentReader, RefusesAsGetoptLong) {
  EXPECT_EQ(read_all({"-vz"}), "ember: invalid option -- 'z'; ember -h lists all options");
  EXPECT_EQ(read_all({"-m"}), "ember: option requires an argument -- 'm'");
  EXPECT_EQ(read_all({"-vm"}), "ember: option requires an argument -- 'm'");
  EXPECT_EQ(read_all({"--port"}), "ember: option '--port' requires an argument");
  EXPECT_EQ(read_all({"--help=1"}), "ember: option '--help' doesn't allow an argument");
  EXPECT_EQ(
      read_all({"--memory=1"}),
      "ember: option '--memory' is ambiguous; possibilities: '--memory-limit' '--memory-file' "
      "'--memory-file-sync' '--memory-file-strict'");
  EXPECT_EQ(read_all({"--=1"}), "ember: unrecognized option '--'; ember -h lists all options");
}

TEST(ArgumentReader, SuggestsTheNearestName) {
  EXPECT_EQ(read_all({"--memry-limit=1"}),
            "ember: unrecognized option '--memry-limit'; did you mean '--memory-limit'?");
  EXPECT_EQ(read_all({"--tread=1"}),
            "ember: unrecognized option '--tread'; did you mean '--threads'?");
  EXPECT_EQ(read_all({"--conn_limits=1"}),
            "ember: unrecognized option '--conn_limits'; did you mean '--conn-limit'?");
  EXPECT_EQ(read_all({"--qwertyuiop"}),
            "ember: unrecognized option '--qwertyuiop'; ember -h lists all options");
}

TEST(ArgumentReader, KeepsWhatItIgnored) {
  const std::vector<std::string> arguments = {"a", "-v", "--", "b", "-v"};
  ArgumentReader reader(arguments);
  ASSERT_TRUE(reader.next().value().has_value());
  ASSERT_FALSE(reader.next().value().has_value());
  EXPECT_EQ(reader.ignored_words(), (std::vector<std::string>{"a", "b", "-v"}));
}

}  // namespace
}  // namespace ember::server
