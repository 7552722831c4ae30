// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/file_region.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/fd.h"

namespace ember::storage {
namespace {

namespace fs = std::filesystem;

class FileRegion : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ember-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = name + "/cache";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<MemoryRegion>> open(size_t size) {
    return open_file_region({.path = path_, .size = size});
  }
  std::unique_ptr<MemoryRegion> opened(size_t size) {
    auto region = open(size);
    EXPECT_TRUE(region) << region.error().message;
    return region ? std::move(*region) : nullptr;
  }
  /// Why it does not open.
  std::string refusal(size_t size) {
    auto region = open(size);
    EXPECT_FALSE(region);
    return region ? "" : region.error().message;
  }
  void make_file(size_t size, char byte) const {
    std::ofstream(path_, std::ios::binary) << std::string(size, byte);
  }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(FileRegion, MakesItsFileOfTheSizeAskedAllZeros) {
  const auto region = opened(3 * kMiB);
  EXPECT_EQ(region->bytes().size(), 3 * kMiB);
  EXPECT_EQ(region->whole().size(), 3 * kMiB);
  EXPECT_TRUE(region->persistent());
  EXPECT_TRUE(std::ranges::all_of(region->bytes(), [](std::byte b) { return b == std::byte{0}; }));
  EXPECT_EQ(fs::file_size(path_), 3 * kMiB);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(region->bytes().data()) % 4096, 0U);
}

TEST_F(FileRegion, TakesAllItsRoomAtOnce) {
  const auto region = opened(3 * kMiB);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_GE(static_cast<size_t>(status.st_blocks) * 512, 3 * kMiB);
}

TEST_F(FileRegion, KeepsValuesFromOtherUsers) {
  const auto region = opened(kMiB);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FileRegion, WhatIsWrittenIsInTheFile) {
  std::memcpy(opened(kMiB)->bytes().data() + 5000, "hello", 5);
  EXPECT_EQ(content().substr(5000, 5), "hello");
  const auto again = opened(kMiB);
  EXPECT_EQ(std::memcmp(again->bytes().data() + 5000, "hello", 5), 0);
}

TEST_F(FileRegion, ShowsWhatWasWrittenByTheMappingAndBehindItsEnd) {
  make_file(2 * kMiB, 'x');
  const auto region = opened(kMiB);
  std::memcpy(region->bytes().data() + 4990, "hello", 5);
  std::array<std::byte, 100 * kKiB> room{};
  for (const size_t size : {5 * sizeof(char), room.size()}) {
    const auto seen = region->view(4990, std::span(room).first(size));
    ASSERT_EQ(seen.size(), size);
    EXPECT_EQ(std::memcmp(seen.data(), "hello", 5), 0);
  }
  EXPECT_EQ(region->view(2 * kMiB - 1, std::span(room).first(1))[0], std::byte{'x'});
}

TEST_F(FileRegion, ShowsItsBytesEvenWhenTheFileWasCutOff) {
  // What cannot be read from the file is shown in place, as the mapping would show it.
  const auto region = opened(2 * kMiB);
  fs::resize_file(path_, kMiB);
  std::array<std::byte, 64> room{};
  EXPECT_EQ(region->view(kMiB, room).data(), region->bytes().data() + kMiB);
}

TEST_F(FileRegion, TakesAFileOfItsSizeAsItIs) {
  make_file(2 * kMiB, 'x');
  const auto region = opened(2 * kMiB);
  EXPECT_EQ(region->whole().size(), 2 * kMiB);
  EXPECT_TRUE(
      std::ranges::all_of(region->bytes(), [](std::byte b) { return b == std::byte{'x'}; }));
}

TEST_F(FileRegion, EnlargesAShorterOne) {
  make_file(kMiB, 'x');
  const auto region = opened(2 * kMiB);
  ASSERT_EQ(region->bytes().size(), 2 * kMiB);
  EXPECT_EQ(region->bytes()[kMiB - 1], std::byte{'x'});
  EXPECT_EQ(region->bytes()[kMiB], std::byte{0});
  EXPECT_EQ(fs::file_size(path_), 2 * kMiB);
}

TEST_F(FileRegion, TakesAFileOfAnyFewBytes) {
  make_file(5, 'x');
  const auto region = opened(kMiB);
  EXPECT_EQ(region->bytes()[4], std::byte{'x'});
  EXPECT_EQ(region->bytes()[5], std::byte{0});
  EXPECT_EQ(region->found(), 5U);
}

TEST_F(FileRegion, ShowsWhatALongerOneHasAndGivesItUpWhenTold) {
  make_file(3 * kMiB + 5, 'x');
  {
    const auto region = opened(kMiB);
    EXPECT_EQ(region->bytes().size(), kMiB);
    ASSERT_EQ(region->whole().size(), 3 * kMiB);
    EXPECT_EQ(region->whole()[3 * kMiB - 1], std::byte{'x'});
    EXPECT_EQ(fs::file_size(path_), 3 * kMiB + 5) << "not before cut()";
    EXPECT_TRUE(region->cut());
    EXPECT_EQ(fs::file_size(path_), kMiB);
    EXPECT_EQ(region->bytes()[kMiB - 1], std::byte{'x'});
  }
  EXPECT_EQ(opened(kMiB)->whole().size(), kMiB);
}

TEST_F(FileRegion, SyncsAnyRange) {
  const auto region = opened(kMiB);
  region->bytes()[4096] = std::byte{1};
  EXPECT_TRUE(region->sync(0, kMiB));
  EXPECT_TRUE(region->sync(0, 12288));
}

TEST_F(FileRegion, NamesItsStateFileUnlessItIsGone) {
  const auto region = opened(kMiB);
  EXPECT_EQ(region->state_path(), path_ + ".meta");
  fs::rename(path_, path_ + ".old");
  EXPECT_EQ(region->state_path(), std::nullopt);
  make_file(kMiB, 'y');
  EXPECT_EQ(region->state_path(), std::nullopt) << "another file of its name";
}

TEST_F(FileRegion, TellsWhenTheVolumeHasNoRoom) {
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{.rlim_cur = kMiB, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string why = refusal(4 * kMiB);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(why.contains("no room for 4 MiB")) << why;
  EXPECT_TRUE(why.contains(path_)) << why;
  EXPECT_TRUE(why.contains("lower -m")) << why;
}

TEST_F(FileRegion, OfAnotherProcessIsRefusedWithItsPid) {
  std::array<int, 2> ready{}, done{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(done.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 0;
  if (child == 0) {
    ::close(done[1]);
    const auto region = open(kMiB);
    byte = region ? 'y' : 'n';
    const bool said = ::write(ready[1], &byte, 1) == 1;
    const bool told = ::read(done[0], &byte, 1) == 0;  // the parent closed its end, or ended
    ::_exit(region && said && told ? 0 : 1);
  }
  ::close(done[0]);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const std::string why = refusal(kMiB);
  EXPECT_TRUE(why.contains("in use by process " + std::to_string(child))) << why;
  EXPECT_EQ(fs::file_size(path_), kMiB);
  EXPECT_FALSE(open(2 * kMiB));
  EXPECT_EQ(fs::file_size(path_), kMiB) << "a file in use is not enlarged";
  ::close(done[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(open(kMiB)) << "the lock ends with its process";
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(FileRegion, OfADirectoryIsRefused) {
  fs::create_directory(path_);
  const std::string why = refusal(kMiB);
  EXPECT_TRUE(why.contains(path_)) << why;
  EXPECT_TRUE(why.contains("Is a directory")) << why;
}

TEST_F(FileRegion, InAFolderThatIsNotThereIsRefused) {
  path_ = (folder_ / "none" / "cache").string();
  const std::string why = refusal(kMiB);
  EXPECT_TRUE(why.contains("its directory must be there")) << why;
}

TEST_F(FileRegion, OfADeviceThatIsNoMemoryIsRefused) {
  for (const char* const device : {"/dev/null", "/dev/zero"}) {
    path_ = device;
    const std::string why = refusal(kMiB);
    EXPECT_TRUE(why.contains(device)) << why;
    EXPECT_TRUE(why.contains("devdax")) << why;
  }
}

TEST_F(FileRegion, OfAPipeIsRefused) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(refusal(kMiB).contains(path_));
}

/// Not root while it lives: root may write anywhere.
class SomebodyElse {
 public:
  SomebodyElse() : was_(::geteuid()) { is_so_ = was_ != 0 || ::seteuid(kNobody) == 0; }
  ~SomebodyElse() {
    EXPECT_EQ(::seteuid(was_), 0);
    ::prctl(PR_SET_DUMPABLE, 1);  // the leak check at exit needs what seteuid took away
  }
  SomebodyElse(const SomebodyElse&) = delete;
  SomebodyElse& operator=(const SomebodyElse&) = delete;
  bool is_so() const { return is_so_; }

 private:
  static constexpr uid_t kNobody = 65534;
  uid_t was_;
  bool is_so_ = false;
};

TEST_F(FileRegion, ThatMayOnlyBeReadIsRefusedWithTheRemedy) {
  make_file(kMiB, 'x');
  fs::permissions(path_, fs::perms::owner_read | fs::perms::others_read);
  fs::permissions(folder_, fs::perms::all);
  {
    const SomebodyElse user;
    if (!user.is_so()) {
      GTEST_SKIP() << "skipped, because root cannot become another user here";
    }
    const std::string why = refusal(kMiB);
    EXPECT_TRUE(why.contains("for writing")) << why;
    EXPECT_TRUE(why.contains("give it to the user Ember runs as")) << why;
  }
  EXPECT_TRUE(content() == std::string(kMiB, 'x'));
}

class AutoSize : public FileRegion {};

TEST_F(AutoSize, IsTheFilesInWholeMiB) {
  make_file(3 * kMiB + 17, 'x');
  EXPECT_EQ(*file_size_for_auto(path_), 3 * kMiB);
}

TEST_F(AutoSize, OfANewFileLeavesItsVolumesReserve) {
  const fs::space_info space = fs::space(folder_);
  const auto size = file_size_for_auto(path_);
  ASSERT_TRUE(size) << size.error().message;
  EXPECT_EQ(*size % kMiB, 0U);
  EXPECT_FALSE(fs::exists(path_));
  // Others may write meanwhile: to some hundred MiB.
  const size_t wanted = space.available - volume_reserve(space.capacity);
  EXPECT_NEAR(static_cast<double>(*size), static_cast<double>(wanted), 512.0 * kMiB);
}

TEST_F(AutoSize, OfAFolderThatIsNotThereIsRefused) {
  const auto size = file_size_for_auto(folder_ / "none" / "cache");
  ASSERT_FALSE(size);
  EXPECT_TRUE(size.error().message.contains("directory must be there")) << size.error().message;
}

TEST(VolumeReserve, IsASixteenthAtLeastSixteenMiB) {
  EXPECT_EQ(volume_reserve(0), 16 * kMiB);
  EXPECT_EQ(volume_reserve(256 * kMiB), 16 * kMiB);
  EXPECT_EQ(volume_reserve(16 * kGiB), kGiB);
}

}  // namespace
}  // namespace ember::storage
