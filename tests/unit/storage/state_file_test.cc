// SPDX-License-Identifier: BSD-3-Clause
// The state file: what comes back, what libpmemobj and its tools say of it, and damage of all
// kinds. The rule for damage: an error with a reason, or exactly the bytes that were written.
#include "storage/state_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpmemobj.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "storage/state_pool.h"

namespace ember::storage {
namespace {

constexpr StateIdentity kIdentity = {
    .file_id = 0x1122334455667788, .stop_id = 42, .format_version = 7};

using Bytes = std::vector<std::byte>;

Bytes noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (size_t n = 0; n < size; n += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + n, &word, std::min(size - n, sizeof(word)));
  }
  return bytes;
}

/// Lets files be refused to root as they are to anybody else, while it lives.
class NotRoot {
 public:
  NotRoot() : was_(::geteuid()) {
    constexpr uid_t kNobody = 65534;
    is_so_ = was_ != 0 || ::seteuid(kNobody) == 0;
  }
  ~NotRoot() { EXPECT_EQ(::seteuid(was_), 0); }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
  bool is_so() const { return is_so_; }

 private:
  uid_t was_;
  bool is_so_;
};

class StateFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ember-state-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/cache.meta";
  }
  void TearDown() override {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<StateWriter> writer_for(const std::vector<uint64_t>& sizes,
                                          bool durable = false) {
    auto writer =
        StateWriter::create({.path = path_, .identity = kIdentity, .durable = durable}, sizes);
    EXPECT_TRUE(writer) << writer.error().message;
    return writer ? std::move(*writer) : nullptr;
  }

  /// Writes noise of these sizes and keeps it for `expect_written`.
  void write(const std::vector<uint64_t>& sizes, bool durable = false) {
    auto writer = writer_for(sizes, durable);
    ASSERT_NE(writer, nullptr);
    written_.clear();
    for (size_t n = 0; n < sizes.size(); ++n) {
      written_.push_back(noise(sizes[n], n));
      ASSERT_EQ(writer->section(n).size(), sizes[n]);
      std::ranges::copy(written_[n], writer->section(n).begin());
    }
    auto seal = writer->commit();
    ASSERT_TRUE(seal) << seal.error().message;
    seal_ = *seal;
  }

  Result<std::unique_ptr<StateReader>> open(const StateIdentity& wanted = kIdentity) {
    return StateReader::open(path_, wanted, seal_);
  }

  /// Why it is refused, by `open` or by `verify` of any section; nothing if it is accepted, and
  /// then every byte is as it was written.
  std::optional<std::string> refusal() {
    auto reader = open();
    if (!reader) {
      return reader.error().message;
    }
    EXPECT_EQ((*reader)->section_count(), written_.size());
    for (size_t n = 0; n < (*reader)->section_count(); ++n) {
      if (const auto verified = (*reader)->verify(n); !verified) {
        return verified.error().message;
      }
      EXPECT_TRUE(std::ranges::equal((*reader)->section(n), written_[n])) << "section " << n;
    }
    return std::nullopt;
  }

  void expect_refused(std::string_view reason) {
    const auto why = refusal();
    ASSERT_TRUE(why.has_value()) << "accepted, and should not be: " << reason;
    EXPECT_NE(why->find(reason), std::string::npos) << *why;
  }

  /// Puts `byte` at `offset`; returns what was there.
  std::byte put(uint64_t offset, std::byte byte) {
    const Fd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    std::byte old{};
    EXPECT_EQ(::pread(file.get(), &old, 1, static_cast<off_t>(offset)), 1);
    EXPECT_EQ(::pwrite(file.get(), &byte, 1, static_cast<off_t>(offset)), 1);
    return old;
  }

  /// Whether the file is refused while the byte at `offset` is wrong. It is right again afterwards.
  bool refused_with_flip(uint64_t offset) {
    const std::byte old = put(offset, std::byte{0});
    put(offset, old ^ std::byte{0x10});
    const bool refused = refusal().has_value();
    put(offset, old);
    return refused;
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::string folder_;
  std::string path_;
  StateSeal seal_;
  std::vector<Bytes> written_;
};

TEST_F(StateFile, GivesBackWhatWasWritten) {
  write({1, 4096, 0, 300000, 3 * kMiB + 17});
  EXPECT_EQ(refusal(), std::nullopt);
  EXPECT_EQ(std::filesystem::file_size(path_), seal_.file_size);
}

TEST_F(StateFile, GivesBackWhatWasWrittenDurably) {
  write({100000, 8}, true);
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(StateFile, MayBeWithoutSections) {
  write({});
  EXPECT_EQ(refusal(), std::nullopt);
  EXPECT_EQ((*open())->section_count(), 0U);
}

TEST_F(StateFile, HoldsAsManySectionsAsItSays) {
  write(std::vector<uint64_t>(kStateMaxSections, 24));
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(StateFile, IsFilledFinishedAndVerifiedBySeveralThreads) {
  const std::vector<uint64_t> sizes(8, 200001);
  auto writer = writer_for(sizes);
  ASSERT_NE(writer, nullptr);
  for (size_t n = 0; n < sizes.size(); ++n) {
    written_.push_back(noise(sizes[n], n));
  }
  {
    std::vector<std::jthread> threads;
    for (size_t n = 0; n < sizes.size(); ++n) {
      threads.emplace_back([&, n] {
        std::ranges::copy(written_[n], writer->section(n).begin());
        if (n % 2 == 0) {
          writer->finish(n);
        }
      });
    }
  }
  auto seal = writer->commit();
  ASSERT_TRUE(seal) << seal.error().message;
  seal_ = *seal;
  auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  std::array<bool, 8> same{};
  {
    std::vector<std::jthread> threads;
    for (size_t n = 0; n < sizes.size(); ++n) {
      threads.emplace_back([&, n] {
        same[n] = (*reader)->verify(n) && std::ranges::equal((*reader)->section(n), written_[n]);
      });
    }
  }
  EXPECT_EQ(std::ranges::count(same, true), 8);
}

TEST_F(StateFile, StartsSectionsAtPages) {
  auto writer = writer_for({5, 5000, 7});
  ASSERT_NE(writer, nullptr);
  for (size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(writer->section(n).data()) % 4096, 0U);
  }
}

TEST_F(StateFile, IsOfTheSizeForetold) {
  for (const uint64_t size : {uint64_t{0}, 4 * kMiB, 20 * kMiB, 20 * kMiB + 1, 33 * kMiB - 4096}) {
    const std::array<uint64_t, 2> sizes = {size, size / 3};
    const auto foretold = state_file_size(sizes);
    ASSERT_TRUE(foretold) << foretold.error().message;
    ASSERT_NE(writer_for({sizes[0], sizes[1]}), nullptr) << size;
    EXPECT_LE(*foretold, std::max(8 * kMiB, size + size / 3 + 5 * kMiB)) << size;
    write({sizes[0], sizes[1]});
    EXPECT_EQ(std::filesystem::file_size(path_), *foretold);
  }
}

TEST_F(StateFile, TellsTheSizeOfMoreThanAZoneHolds) {
  // Four of 9 GiB go one to a zone of 16 GiB; of 5 GiB, three do.
  const auto large = state_file_size(std::vector<uint64_t>(4, 9 * kGiB));
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_GT(*large, (3 * 16 + 9) * kGiB);
  EXPECT_LT(*large, (3 * 16 + 9) * kGiB + 8 * kMiB);
  const auto small = state_file_size(std::vector<uint64_t>(4, 5 * kGiB));
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_GT(*small, 21 * kGiB);
  EXPECT_LT(*small, 21 * kGiB + 8 * kMiB);
  EXPECT_FALSE(state_file_size(std::vector<uint64_t>{kStateMaxSectionSize + 1}));
  EXPECT_FALSE(state_file_size(std::vector<uint64_t>(kStateMaxSections + 1, 1)));
}

TEST_F(StateFile, IsNotThereBeforeItIsCommitted) {
  auto writer = writer_for({1000});
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(files(), std::vector<std::string>{"cache.meta.tmp"});
  writer.reset();
  EXPECT_EQ(files(), std::vector<std::string>{});
  write({1000});
  EXPECT_EQ(files(), std::vector<std::string>{"cache.meta"});
  discard_state_file(path_);
  EXPECT_EQ(files(), std::vector<std::string>{});
}

TEST_F(StateFile, TakesThePlaceOfAnOlderOneAndOfWhatWasLeft) {
  std::ofstream(path_) << "older";
  std::ofstream(path_ + ".tmp") << "left";
  write({1000});
  EXPECT_EQ(refusal(), std::nullopt);
  EXPECT_EQ(files(), std::vector<std::string>{"cache.meta"});
}

// ---- what libpmemobj says of it

class OpenedPool {
 public:
  explicit OpenedPool(const std::string& path) : pool_(pmemobj_open(path.c_str(), kStateLayout)) {}
  ~OpenedPool() {
    if (pool_ != nullptr) {
      pmemobj_close(pool_);
    }
  }
  OpenedPool(const OpenedPool&) = delete;
  OpenedPool& operator=(const OpenedPool&) = delete;
  PMEMobjpool* get() const { return pool_; }
  StateRoot root() const {
    return *static_cast<StateRoot*>(pmemobj_direct(pmemobj_root(pool_, sizeof(StateRoot))));
  }

 private:
  PMEMobjpool* pool_;
};

TEST_F(StateFile, IsAPoolWhoseRootLeadsToTheSections) {
  write({70000, 3 * kMiB});
  const OpenedPool pool(path_);
  ASSERT_NE(pool.get(), nullptr) << pmemobj_errormsg();
  const StateRoot root = pool.root();
  ASSERT_FALSE(OID_IS_NULL(root.directory));
  EXPECT_EQ(root.directory.off, seal_.directory_offset);
  const auto* bytes = static_cast<const std::byte*>(pmemobj_direct(root.directory));
  EXPECT_EQ(load<StateDirectory>(bytes).stop_id, kIdentity.stop_id);
  ASSERT_EQ(load<StateDirectory>(bytes).section_count, 2U);
  for (size_t n = 0; n < 2; ++n) {
    const auto section =
        load<StateSection>(bytes + sizeof(StateDirectory) + (n * sizeof(StateSection)));
    const auto* start = reinterpret_cast<const std::byte*>(pool.get()) + section.offset;
    EXPECT_TRUE(std::ranges::equal(std::span(start, section.size), written_[n]));
  }
  EXPECT_TRUE(OID_EQUALS(pmemobj_first(pool.get()), root.directory));
}

TEST_F(StateFile, SaysNothingBeforeItsTransaction) {
  auto writer = writer_for({70000});
  ASSERT_NE(writer, nullptr);
  std::ranges::fill(writer->section(0), std::byte{1});
  writer->finish(0);
  // What a kill at this moment would leave.
  std::filesystem::copy_file(path_ + ".tmp", path_);
  writer.reset();
  const OpenedPool pool(path_);
  ASSERT_NE(pool.get(), nullptr) << pmemobj_errormsg();
  EXPECT_TRUE(OID_IS_NULL(pool.root().directory));
  EXPECT_TRUE(OID_IS_NULL(pmemobj_first(pool.get())));
}

TEST_F(StateFile, IsRefusedOnceAnotherProgramOpenedItToWrite) {
  write({70000});
  EXPECT_NE(OpenedPool(path_).get(), nullptr) << pmemobj_errormsg();
  expect_refused("its checksum differs");
}

TEST_F(StateFile, IsConsistentForPmempool) {
  if (std::system("command -v pmempool >/dev/null") != 0) {
    GTEST_SKIP() << "skipped, because pmempool (Debian package pmdk-tools) is not installed";
  }
  for (const uint64_t size : {uint64_t{100}, 6 * kMiB}) {
    write({size, 5, size});
    EXPECT_EQ(std::system(("pmempool check -v " + path_ + " >" + folder_ + "/out").c_str()), 0);
    std::ifstream out(folder_ + "/out");
    const std::string said(std::istreambuf_iterator<char>(out), {});
    EXPECT_NE(said.find("consistent"), std::string::npos) << said;
    EXPECT_EQ(said.find("not consistent"), std::string::npos) << said;
    EXPECT_EQ(refusal(), std::nullopt) << "after the check";
  }
}

// ---- who it belongs to

TEST_F(StateFile, BelongsToOneStopOfOneFile) {
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

TEST_F(StateFile, IsRefusedWithAnotherFilesSeal) {
  write({5000});
  const StateSeal older = seal_;
  write({5000});
  EXPECT_NE(older.head_checksum, seal_.head_checksum) << "each pool has an identity of its own";
  seal_ = older;
  expect_refused("another file's");
}

TEST_F(StateFile, IsRefusedWithoutASealOrWithNoiseForOne) {
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

// ---- damage

TEST_F(StateFile, IsRefusedWithAnyByteOfItsHeadFlipped) {
  write({100, 2 * kMiB});
  for (uint64_t offset = 0; offset < kStateHeadSize; ++offset) {
    ASSERT_TRUE(refused_with_flip(offset)) << offset;
  }
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(StateFile, IsRefusedWithAnyByteOfItsDirectoryFlipped) {
  write({100, 5000, 7});
  for (uint64_t n = 0; n < seal_.directory_size; ++n) {
    ASSERT_TRUE(refused_with_flip(seal_.directory_offset + n)) << n;
  }
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(StateFile, IsRefusedWithAnyByteOfASectionFlipped) {
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

TEST_F(StateFile, IsRightOrRefusedWithAnyOtherByteFlipped) {
  // Lanes, heap and slack: libpmemobj would believe them, the reader does not look.
  write({2000, 3000});
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    const uint64_t offset = random() % seal_.file_size;
    (void)refused_with_flip(offset);
    ASSERT_FALSE(HasFailure()) << offset;
  }
}

TEST_F(StateFile, NamesTheSectionThatIsDamaged) {
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

TEST_F(StateFile, IsRefusedAtAnyOtherLength) {
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

TEST_F(StateFile, IsRefusedWhenFilledWithNoise) {
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

TEST_F(StateFile, IsRefusedWhenAnotherPoolLiesThere) {
  write({2000, 3000});
  std::filesystem::remove(path_);
  PMEMobjpool* foreign = pmemobj_create(path_.c_str(), "foreign", seal_.file_size, 0600);
  ASSERT_NE(foreign, nullptr) << pmemobj_errormsg();
  pmemobj_close(foreign);
  expect_refused("another file's");
}

TEST_F(StateFile, IsRefusedWhenWhatLiesThereIsNoFile) {
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

TEST_F(StateFile, IsRefusedWhenItMayNotBeRead) {
  write({2000});
  std::filesystem::permissions(folder_, std::filesystem::perms{0755});
  std::filesystem::permissions(path_, std::filesystem::perms::none);
  const NotRoot not_root;
  if (!not_root.is_so()) {
    GTEST_SKIP() << "skipped, because root may read everything, and may not stop being root here";
  }
  expect_refused("Permission denied");
}

// ---- what stands in the way of writing it

TEST_F(StateFile, SaysWhenItsFolderIsNotThere) {
  const auto writer = StateWriter::create({.path = folder_ + "/none/cache.meta"}, {});
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find("No such file"), std::string::npos);
}

TEST_F(StateFile, SaysWhenItsFolderMayNotBeWritten) {
  std::filesystem::permissions(folder_, std::filesystem::perms{0555});
  const NotRoot not_root;
  if (!not_root.is_so()) {
    GTEST_SKIP() << "skipped, because root may write everywhere, and may not stop being root here";
  }
  const auto writer = StateWriter::create({.path = path_}, {});
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find("Permission denied"), std::string::npos);
}

TEST_F(StateFile, SaysWhenThereIsNoRoom) {
  const uint64_t free = std::filesystem::space(folder_).available;
  const std::vector<uint64_t> sizes(free / kStateMaxSectionSize + 2, kStateMaxSectionSize);
  if (sizes.size() > kStateMaxSections) {
    GTEST_SKIP() << "skipped, because no state file is too large for this volume";
  }
  const auto writer = StateWriter::create({.path = path_}, sizes);
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find("no room"), std::string::npos) << writer.error().message;
  EXPECT_EQ(files(), std::vector<std::string>{});
}

TEST_F(StateFile, LeavesNothingWhenItsNameIsTaken) {
  std::filesystem::create_directory(path_);
  auto writer = writer_for({1000});
  ASSERT_NE(writer, nullptr);
  const auto seal = writer->commit();
  ASSERT_FALSE(seal);
  EXPECT_NE(seal.error().message.find("see to what is there"), std::string::npos);
  writer.reset();
  EXPECT_EQ(files(), std::vector<std::string>{"cache.meta"});
}

}  // namespace
}  // namespace ember::storage
