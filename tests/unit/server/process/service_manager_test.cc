// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <ctime>

#include "base/numbers.h"
#include "tests/unit/server/process/process_fixture.h"

namespace ember::server {
namespace {

constexpr const char* kVariable = "NOTIFY_SOCKET";

/// What hears the server: a datagram socket at a path, or at an abstract "@name".
class Manager {
 public:
  explicit Manager(const std::string& name)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    check(name.size() < sizeof(address.sun_path), "the test's path is short");
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') {
      address.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0,
          "the name is free");
  }

  /// The next message, or "nothing".
  std::string heard() const {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<size_t>(size));
  }

 private:
  Fd socket_;
};

// NOLINTBEGIN(concurrency-mt-unsafe): these tests have one thread
class ServiceManagerTest : public ProcessFixture {
 protected:
  void TearDown() override {
    ::unsetenv(kVariable);
    ProcessFixture::TearDown();
  }

  /// As a server that was started with this variable.
  static ServiceManager started_with(const std::string& address) {
    ::setenv(kVariable, address.c_str(), 1);
    return {};
  }

  static uint64_t now_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<uint64_t>(now.tv_nsec) / 1000;
  }
};

TEST_F(ServiceManagerTest, HearsReadyReloadingAndStopping) {
  const std::string abstract = fmt::format("@ember-test-{}", ::getpid());
  for (const std::string& address : {path("notify"), abstract}) {
    const Manager manager(address);
    const ServiceManager told = started_with(address);
    EXPECT_TRUE(told.present());
    EXPECT_EQ(std::getenv(kVariable), nullptr) << "children would speak for the server";
    EXPECT_EQ(manager.heard(), "nothing");
    told.ready();
    EXPECT_EQ(manager.heard(), fmt::format("READY=1\nMAINPID={}", ::getpid()));
    const uint64_t before = now_us();
    told.reloading();
    const std::string reloading = manager.heard();
    const std::string words = "RELOADING=1\nMONOTONIC_USEC=";
    ASSERT_TRUE(reloading.starts_with(words)) << reloading;
    const auto time = parse_u64(reloading.substr(words.size()));
    ASSERT_TRUE(time) << reloading;
    EXPECT_GE(*time, before);
    EXPECT_LE(*time, now_us());
    told.ready();
    EXPECT_TRUE(manager.heard().starts_with("READY=1\n")) << "the reload is over";
    told.stopping();
    EXPECT_EQ(manager.heard(), "STOPPING=1");
    EXPECT_EQ(manager.heard(), "nothing");
  }
}

TEST_F(ServiceManagerTest, TheProcessThatSaysReadyIsTheOneThatServes) {
  const Manager manager(path("notify"));
  const ServiceManager told = started_with(path("notify"));
  const pid_t server = begin_process();
  if (server == 0) {
    told.ready();
    ::_exit(0);
  }
  wait_for(server);
  EXPECT_EQ(manager.heard(), fmt::format("READY=1\nMAINPID={}", server));
}

TEST_F(ServiceManagerTest, WithoutOneNothingIsSaid) {
  const Manager manager(path("notify"));
  ::unsetenv(kVariable);
  const ServiceManager nobody;
  EXPECT_FALSE(nobody.present());
  EXPECT_FALSE(started_with("").present());
  testing::internal::CaptureStderr();
  nobody.ready();
  nobody.reloading();
  nobody.stopping();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(manager.heard(), "nothing");
}

TEST_F(ServiceManagerTest, WhatCannotBeReachedIsAWarning) {
  const std::vector<std::string> addresses = {
      path("nobody"),         // no socket
      "relative",             // no address at all
      "vsock:2:1234",         // another kind
      std::string(200, '/'),  // longer than a socket's name can be
  };
  for (const std::string& address : addresses) {
    Pipe words;
    // In a process of its own: a kind of warning is told so often only.
    in_process([&] {
      ::dup2(words.writable.get(), STDERR_FILENO);
      started_with(address).stopping();
      return 0;
    });
    words.writable.reset();
    const std::string said = words.read();
    EXPECT_NE(said.find("cannot notify"), std::string::npos) << address << ": " << said;
    EXPECT_NE(said.find(address.substr(0, 20)), std::string::npos) << said;
  }
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
}  // namespace ember::server
