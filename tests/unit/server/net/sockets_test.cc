// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace ember::server::net {
namespace {

class UnixSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<char, 32> name{"/tmp/ember-sockets-XXXXXX"};
    ASSERT_NE(nullptr, ::mkdtemp(name.data()));
    folder = name.data();
    path = folder + "/socket";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string folder;
  std::string path;
};

TEST(ListenTcp, FindsAFreePort) {
  const auto sockets = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 16});
  ASSERT_TRUE(sockets) << sockets.error().message;
  ASSERT_EQ(1U, sockets->size());
  EXPECT_NE(0, sockets->front().port);
  EXPECT_EQ("tcp:127.0.0.1:" + std::to_string(sockets->front().port), sockets->front().name);
}

TEST(ListenTcp, AnAddressInUseNamesTheRemedy) {
  const auto first = listen_tcp({.host = "127.0.0.1", .port = 0}, {.backlog = 16});
  ASSERT_TRUE(first);
  const auto second =
      listen_tcp({.host = "127.0.0.1", .port = first->front().port}, {.backlog = 16});
  ASSERT_FALSE(second);
  EXPECT_NE(std::string::npos, second.error().message.find("in use"));
  EXPECT_NE(std::string::npos, second.error().message.find("-p"));
}

TEST(ListenTcp, AnUnknownNameIsAnError) {
  const auto sockets = listen_tcp({.host = "no-such-host.invalid", .port = 0}, {.backlog = 16});
  ASSERT_FALSE(sockets);
  EXPECT_NE(std::string::npos, sockets.error().message.find("no-such-host.invalid"));
}

TEST(ListenTcp, EveryAddressIncludesIpv4) {
  const auto sockets = listen_tcp({.host = "", .port = 0}, {.backlog = 16});
  ASSERT_TRUE(sockets) << sockets.error().message;
  bool inet = false;
  for (const ListenSocket& socket : *sockets) {
    inet = inet || !socket.inet6;
  }
  EXPECT_TRUE(inet);
}

TEST(ListenTcp, HearsIpv6WhereThereIsOne) {
  const auto sockets = listen_tcp({.host = "::1", .port = 0}, {.backlog = 16});
  if (!sockets) {
    GTEST_SKIP() << "skipped, because " << sockets.error().message;
  }
  EXPECT_TRUE(sockets->front().inet6);
  EXPECT_EQ("tcp6:[::1]:" + std::to_string(sockets->front().port), sockets->front().name);
}

TEST_F(UnixSocketTest, HasItsPermissionsAndGoesWithItsOwner) {
  {
    const auto socket = listen_unix(path, 0750, {.backlog = 16});
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_EQ("unix:" + path, socket->name);
    struct stat status{};
    ASSERT_EQ(0, ::stat(path.c_str(), &status));
    EXPECT_EQ(0750U, status.st_mode & 0777U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocketTest, ReplacesADeadSocketOnly) {
  {
    // A server that was killed: its socket's file stays, nobody listens.
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(0, ::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  }
  const auto socket = listen_unix(path, 0700, {.backlog = 16});
  ASSERT_TRUE(socket) << socket.error().message;
  const auto second = listen_unix(path, 0700, {.backlog = 16});
  ASSERT_FALSE(second);
  EXPECT_NE(std::string::npos, second.error().message.find("in use"));
}

TEST_F(UnixSocketTest, LeavesOtherFilesAlone) {
  std::ofstream(path) << "precious";
  const auto socket = listen_unix(path, 0700, {.backlog = 16});
  ASSERT_FALSE(socket);
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
}

TEST_F(UnixSocketTest, APathTooLongIsAnError) {
  EXPECT_FALSE(listen_unix(folder + "/" + std::string(200, 'x'), 0700, {.backlog = 16}));
}

}  // namespace
}  // namespace ember::server::net
