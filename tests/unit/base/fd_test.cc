// SPDX-License-Identifier: BSD-3-Clause
#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace ember {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(Fd, OwnsNothingByDefault) {
  const Fd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(Fd, ClosesAtTheEndOfItsScope) {
  const int number = open_null();
  {
    const Fd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovingHandsOwnershipOver) {
  const int number = open_null();
  Fd first(number);
  const Fd second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what a moved-from Fd is, is promised
  EXPECT_EQ(second.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, AssigningClosesWhatWasOwned) {
  const int old_number = open_null();
  const int new_number = open_null();
  Fd fd(old_number);
  fd = Fd(new_number);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_TRUE(is_open(new_number));
  EXPECT_EQ(fd.get(), new_number);
}

TEST(Fd, AssigningToItselfKeepsTheDescriptor) {
  const int number = open_null();
  Fd fd(number);
  Fd& alias = fd;
  fd = std::move(alias);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, ReleaseGivesUpWithoutClosing) {
  const int number = open_null();
  Fd fd(number);
  EXPECT_EQ(fd.release(), number);
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Fd, ResetClosesAndTakesOver) {
  const int old_number = open_null();
  const int new_number = open_null();
  Fd fd(old_number);
  fd.reset(new_number);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_EQ(fd.get(), new_number);
  fd.reset();
  EXPECT_FALSE(is_open(new_number));
  EXPECT_FALSE(fd);
}

TEST(Fd, TakesRoomForAFile) {
  const Fd fd(::memfd_create("room", MFD_CLOEXEC));
  ASSERT_TRUE(fd);
  EXPECT_EQ(fd.allocate(8192, 4096), 0);
  struct stat status{};
  ASSERT_EQ(::fstat(fd.get(), &status), 0);
  EXPECT_EQ(status.st_size, 8192 + 4096);
  EXPECT_EQ(status.st_blocks * 512, 4096);
  EXPECT_EQ(Fd().allocate(0, 4096), EBADF);
}

TEST(Fd, TakesRoomThroughSignals) {
  // Often enough to come in between; each makes the call begin anew, or it would take for ever.
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR2, &action, nullptr), 0);
  const Fd fd(::memfd_create("room", MFD_CLOEXEC));
  std::atomic<bool> done{false};
  std::jthread sender([&done, target = ::pthread_self()] {
    for (int i = 0; i < 50 && !done; ++i) {
      ::pthread_kill(target, SIGUSR2);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(fd.allocate(0, size_t{64} << 20), 0);
  done = true;
}

TEST(Fd, WritesAllOrTellsWhyNot) {
  const std::string text(100000, 'x');
  const auto bytes = std::as_bytes(std::span(text));
  const Fd fd(::memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_TRUE(fd);
  EXPECT_EQ(fd.write_at(5000, bytes), 0);
  std::string read(text.size() + 1, '\0');
  EXPECT_EQ(::pread(fd.get(), read.data(), read.size(), 5000), ssize_t{100000});
  EXPECT_EQ(read, text + '\0');
  ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW), 0);
  EXPECT_EQ(fd.write_at(6000, bytes), EPERM);
  EXPECT_EQ(Fd().write_at(0, bytes), EBADF);
}

}  // namespace
}  // namespace ember
