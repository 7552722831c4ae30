// SPDX-License-Identifier: BSD-3-Clause
// Writing a state file: what comes back, what libpmemobj and its tools say of it, what is in the
// way.
#include "storage/media/state_writer.h"

#include <gtest/gtest.h>
#include <libpmemobj.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "storage/media/state_pool.h"
#include "tests/unit/storage/state_fixture.h"

namespace ember::storage {
namespace {

class WritingState : public StateFixture {};

TEST_F(WritingState, GivesBackWhatWasWritten) {
  write({1, 4096, 0, 300000, 3 * kMiB + 17});
  EXPECT_EQ(refusal(), std::nullopt);
  EXPECT_EQ(std::filesystem::file_size(path_), seal_.file_size);
}

TEST_F(WritingState, GivesBackWhatWasWrittenDurably) {
  write({100000, 8}, true);
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(WritingState, MayBeWithoutSections) {
  write({});
  EXPECT_EQ(refusal(), std::nullopt);
  EXPECT_EQ((*open())->section_count(), 0U);
}

TEST_F(WritingState, HoldsAsManySectionsAsItSays) {
  write(std::vector<uint64_t>(kStateMaxSections, 24));
  EXPECT_EQ(refusal(), std::nullopt);
}

TEST_F(WritingState, IsWrittenAndVerifiedBySeveralThreads) {
  const std::vector<uint64_t> sizes(8, 200001);
  auto writer = writer_for(sizes);
  ASSERT_NE(writer, nullptr);
  for (size_t n = 0; n < sizes.size(); ++n) {
    written_.push_back(noise(sizes[n], n));
  }
  {
    std::vector<std::jthread> threads;
    for (size_t n = 0; n < sizes.size(); ++n) {
      threads.emplace_back([&, n] { EXPECT_TRUE(writer->write(n, written_[n])); });
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
      threads.emplace_back(
          [&, n] { same[n] = (*reader)->verify(n) && reads_as_written(**reader, n); });
    }
  }
  EXPECT_EQ(std::ranges::count(same, true), 8);
}

TEST_F(WritingState, StartsSectionsAtPages) {
  write({5, 5000, 7});
  std::ifstream file(path_, std::ios::binary);
  Bytes directory(state_directory_size(3));
  file.seekg(static_cast<std::streamoff>(seal_.directory_offset));
  file.read(reinterpret_cast<char*>(directory.data()),
            static_cast<std::streamsize>(directory.size()));
  ASSERT_TRUE(file);
  for (size_t n = 0; n < 3; ++n) {
    const auto section = load_unaligned<StateSection>(directory.data() + sizeof(StateDirectory) +
                                                      (n * sizeof(StateSection)));
    EXPECT_EQ(section.size, written_[n].size());
    EXPECT_EQ(section.offset % 4096, 0U);
  }
}

TEST_F(WritingState, IsOfTheSizeForetold) {
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

TEST_F(WritingState, TellsTheSizeOfMoreThanAZoneHolds) {
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

TEST_F(WritingState, IsNotThereBeforeItIsCommitted) {
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

TEST_F(WritingState, TakesThePlaceOfAnOlderOneAndOfWhatWasLeft) {
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

TEST_F(WritingState, IsAPoolWhoseRootLeadsToTheSections) {
  write({70000, 3 * kMiB});
  const OpenedPool pool(path_);
  ASSERT_NE(pool.get(), nullptr) << pmemobj_errormsg();
  const StateRoot root = pool.root();
  ASSERT_FALSE(OID_IS_NULL(root.directory));
  EXPECT_EQ(root.directory.off, seal_.directory_offset);
  const auto* bytes = static_cast<const std::byte*>(pmemobj_direct(root.directory));
  EXPECT_EQ(load_unaligned<StateDirectory>(bytes).stop_id, kIdentity.stop_id);
  ASSERT_EQ(load_unaligned<StateDirectory>(bytes).section_count, 2U);
  for (size_t n = 0; n < 2; ++n) {
    const auto section =
        load_unaligned<StateSection>(bytes + sizeof(StateDirectory) + (n * sizeof(StateSection)));
    EXPECT_EQ(section.offset % 4096, 0U);
    const auto* start = reinterpret_cast<const std::byte*>(pool.get()) + section.offset;
    EXPECT_TRUE(std::ranges::equal(std::span(start, section.size), written_[n]));
  }
  EXPECT_TRUE(OID_EQUALS(pmemobj_first(pool.get()), root.directory));
}

TEST_F(WritingState, SaysNothingBeforeItsTransaction) {
  auto writer = writer_for({70000});
  ASSERT_NE(writer, nullptr);
  ASSERT_TRUE(writer->write(0, noise(70000, 1)));
  // What a kill at this moment would leave.
  std::filesystem::copy_file(path_ + ".tmp", path_);
  writer.reset();
  const OpenedPool pool(path_);
  ASSERT_NE(pool.get(), nullptr) << pmemobj_errormsg();
  EXPECT_TRUE(OID_IS_NULL(pool.root().directory));
  EXPECT_TRUE(OID_IS_NULL(pmemobj_first(pool.get())));
}

TEST_F(WritingState, IsRefusedOnceAnotherProgramOpenedItToWrite) {
  write({70000});
  EXPECT_NE(OpenedPool(path_).get(), nullptr) << pmemobj_errormsg();
  expect_refused("its checksum differs");
}

TEST_F(WritingState, IsConsistentForPmempool) {
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

// ---- what stands in the way of writing it

TEST_F(WritingState, SaysWhenItsFolderIsNotThere) {
  const auto writer = StateWriter::create({.path = folder_ + "/none/cache.meta"}, {});
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find("No such file"), std::string::npos);
}

TEST_F(WritingState, SaysWhenItsFolderMayNotBeWritten) {
  std::filesystem::permissions(folder_, std::filesystem::perms{0555});
  const NotRoot not_root;
  if (!not_root.is_so()) {
    GTEST_SKIP() << "skipped, because root may write everywhere, and may not stop being root here";
  }
  const auto writer = StateWriter::create({.path = path_}, {});
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find("Permission denied"), std::string::npos);
}

TEST_F(WritingState, SaysWhenThereIsNoRoom) {
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

TEST_F(WritingState, LeavesNothingWhenItsNameIsTaken) {
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
