// SPDX-License-Identifier: BSD-3-Clause
// Reading a state file: whose it is, and damage of all kinds.
// The rule for damage: an error with a reason, or exactly the bytes that were written.
#include "storage/media/state_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpmemobj.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "base/bytes.h"
#include "tests/unit/storage/state_fixture.h"

namespace ember::storage {
namespace {

class ReadingState : public StateFixture {};

// ---- who it belongs to

TEST_F(ReadingState, BelongsToOneStopOfOneFile) {
  write({10});
  StateIdentity other = kIdentity;
  other.file_id = 1;
  EXPECT_NE(open(other).error().message.find("another memory file"), std::string::npos);
  other = kIdentity;
  other.stop_id = 43;
  EXPECT_NE(open(other).error().message.find("another stop"), std::string::npos);
  other = kIdentity;
  other.format_version = 8;
  EXPECT_NE(open(other).error().message.find("format version"), std::string::npos);
}

TEST_F(ReadingState, IsRefusedWithAnotherFilesSeal) {
  write({5000});
  const StateSeal older = seal_;
  write({5000});
  EXPECT_NE(older.head_checksum, seal_.head_checksum) << "each pool has an identity of its own";
  seal_ = older;
  expect_refused("another file's");
}

TEST_F(ReadingState, IsRefusedWithoutASealOrWithNoiseForOne) {
  write({5000});
  const StateSeal good = seal_;
  seal_ = {};
  expect_refused("wrote no state file");
  std::mt19937_64 random(1);
  constexpr std::array kWords = {&StateSeal::file_size, &StateSeal::head_checksum,
                                 &StateSeal::directory_offset, &StateSeal::directory_size,
                                 &StateSeal::directory_checksum};
  for (int round = 0; round < 200; ++round) {
    for (const auto word : kWords) {
      seal_ = good;
      seal_.*word = random() >> (random() % 64);
      if (seal_ != good) {
        EXPECT_TRUE(refusal().has_value());
      }
    }
  }
}

TEST_F(ReadingState, IsRefusedWithADirectoryOfNonsenseThoughItIsSealed) {
  write({2000, 3000});
  const StateSeal good = seal_;
  const Fd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  const auto at = static_cast<off_t>(seal_.directory_offset);
  Bytes bytes(seal_.directory_size);
  ASSERT_EQ(::pread(file.get(), bytes.data(), bytes.size(), at), std::ssize(bytes));
  const auto expect_refused_with = [&](size_t offset, auto value, std::string_view reason) {
    Bytes changed = bytes;
    store_unaligned(changed.data() + offset, value);
    ASSERT_EQ(::pwrite(file.get(), changed.data(), changed.size(), at), std::ssize(changed));
    seal_.directory_checksum = XXH3_64bits(changed.data(), changed.size());
    expect_refused(reason);
  };
  constexpr std::string_view kNone = "its directory is none";
  expect_refused_with(offsetof(StateDirectory, magic), 'X', kNone);
  expect_refused_with(offsetof(StateDirectory, section_count), uint32_t{1}, kNone);
  expect_refused_with(offsetof(StateDirectory, section_count), uint32_t{3}, kNone);
  expect_refused_with(offsetof(StateDirectory, section_count), ~uint32_t{0}, kNone);
  expect_refused_with(offsetof(StateDirectory, pool_size), uint64_t{1}, kNone);
  expect_refused_with(offsetof(StateDirectory, layout_version), uint32_t{2}, "of version 2");
  constexpr size_t kSecond = sizeof(StateDirectory) + sizeof(StateSection);
  constexpr size_t kOfOffset = kSecond + offsetof(StateSection, offset);
  constexpr size_t kOfSize = kSecond + offsetof(StateSection, size);
  constexpr std::string_view kOutside = "lies outside";
  expect_refused_with(kOfOffset, good.file_size, kOutside);
  expect_refused_with(kOfOffset, ~uint64_t{4095}, kOutside);
  expect_refused_with(kOfOffset, uint64_t{0}, kOutside);
  expect_refused_with(kOfOffset, load_unaligned<uint64_t>(bytes.data() + kOfOffset) + 8, kOutside);
  expect_refused_with(kOfSize, good.file_size, kOutside);
  expect_refused_with(kOfSize, ~uint64_t{0}, kOutside);
  expect_refused_with(kOfSize, ~load_unaligned<uint64_t>(bytes.data() + kOfOffset) + 1, kOutside);
  expect_refused_with(kOfSize, uint64_t{2999}, "section 1 is damaged");
}

// ---- damage

TEST_F(ReadingState, IsRefusedWithAnyByteOfItsHeadFlipped) {
  write({100, 2 * kMiB});
  for (uint64_t offset = 0; offset < kStateHeadSize; ++offset) {
    ASSERT_TRUE(refused_with_flip(offset)) << offset;
  }
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(ReadingState, IsRefusedWithAnyByteOfItsDirectoryFlipped) {
  write({100, 5000, 7});
  for (uint64_t n = 0; n < seal_.directory_size; ++n) {
    ASSERT_TRUE(refused_with_flip(seal_.directory_offset + n)) << n;
  }
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(ReadingState, IsRefusedWithAnyByteOfASectionFlipped) {
  write({2000, 3000});
  // The sections start at the two pages after the directory.
  const uint64_t first = align_up(seal_.directory_offset + seal_.directory_size, 4096);
  for (uint64_t n = 0; n < 2000; ++n) {
    ASSERT_TRUE(refused_with_flip(first + n)) << n;
  }
  for (uint64_t n = 0; n < 3000; ++n) {
    ASSERT_TRUE(refused_with_flip(first + 4096 + n)) << n;
  }
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(ReadingState, IsRightOrRefusedWithAnyOtherByteFlipped) {
  // Lanes, heap and slack: libpmemobj would believe them, the reader does not look.
  write({2000, 3000});
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    const uint64_t offset = random() % seal_.file_size;
    (void)refused_with_flip(offset);
    ASSERT_FALSE(HasFailure()) << offset;
  }
}

TEST_F(ReadingState, NamesTheSectionThatIsDamaged) {
  write({2000, 3000});
  put(align_up(seal_.directory_offset + seal_.directory_size, 4096) + 4096 + 2999, std::byte{0});
  put(align_up(seal_.directory_offset + seal_.directory_size, 4096) + 4096 + 2998, std::byte{0});
  auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE((*reader)->verify(0));
  const auto second = (*reader)->verify(1);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("section 1 is damaged"), std::string::npos);
}

TEST_F(ReadingState, IsRefusedAtAnyOtherLength) {
  write({2000, 3000});
  std::vector<uint64_t> lengths = {seal_.file_size + 1, seal_.file_size + 4096};
  for (uint64_t length = seal_.file_size - 1; length > 0; length = length * 9 / 10) {
    lengths.push_back(length);
  }
  lengths.push_back(0);
  for (const uint64_t length : lengths) {
    std::filesystem::resize_file(path_, length);
    expect_refused("when it was written");
  }
  // As long as it was, with a hole for an end.
  std::filesystem::resize_file(path_, seal_.file_size);
  expect_refused("its checksum differs");
}

TEST_F(ReadingState, IsRefusedWhenItIsCutOffWhileItIsRead) {
  write({2000, 3000});
  auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  std::filesystem::resize_file(path_, 4096);
  Bytes bytes(3000);
  for (const auto& read : {(*reader)->verify(1), (*reader)->read(1, bytes)}) {
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("section 1: it ends early"), std::string::npos);
  }
}

TEST_F(ReadingState, ReadsSectionsOfManyPieces) {
  write({256 * kKiB, 256 * kKiB + 1, 3 * kMiB - 1, 0});
  EXPECT_EQ(refusal(), std::nullopt);
  put(align_up(seal_.directory_offset + seal_.directory_size, 4096) + kMiB, std::byte{0});
  put(align_up(seal_.directory_offset + seal_.directory_size, 4096) + kMiB + 1, std::byte{1});
  expect_refused("section 2 is damaged");
}

TEST_F(ReadingState, IsRefusedWhenFilledWithNoise) {
  write({2000, 3000});
  const Bytes bytes = noise(seal_.file_size, 3);
  for (const uint64_t from : {uint64_t{0}, uint64_t{4096}, seal_.directory_offset}) {
    write({2000, 3000});
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(seal_.file_size - from));
    file.close();
    expect_refused("its checksum differs");
  }
}

TEST_F(ReadingState, IsRefusedWhenAnotherPoolLiesThere) {
  write({2000, 3000});
  std::filesystem::remove(path_);
  PMEMobjpool* foreign = pmemobj_create(path_.c_str(), "foreign", seal_.file_size, 0600);
  ASSERT_NE(foreign, nullptr) << pmemobj_errormsg();
  pmemobj_close(foreign);
  expect_refused("another file's");
}

TEST_F(ReadingState, IsRefusedWhenWhatLiesThereIsNoFile) {
  write({2000});
  std::filesystem::remove(path_);
  expect_refused("not there");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  expect_refused("not a file");
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  expect_refused("not a file");
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/dev/zero", path_);
  expect_refused("symbolic link");
}

TEST_F(ReadingState, IsRefusedWhenItMayNotBeRead) {
  write({2000});
  std::filesystem::permissions(folder_, std::filesystem::perms{0755});
  std::filesystem::permissions(path_, std::filesystem::perms::none);
  const NotRoot not_root;
  if (!not_root.is_so()) {
    GTEST_SKIP() << "skipped, because root may read everything, and may not stop being root here";
  }
  expect_refused("Permission denied");
}

}  // namespace
}  // namespace ember::storage
