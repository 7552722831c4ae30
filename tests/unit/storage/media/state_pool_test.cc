// SPDX-License-Identifier: BSD-3-Clause
// The pool below a state file, at sizes that no test could fill: its files are sparse.
#include "storage/media/state_pool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/bytes.h"
#include "storage/media/state_format.h"

namespace ember::storage {
namespace {

class StatePoolFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ember-pool-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/pool";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<std::unique_ptr<StatePool>> create(uint64_t size) {
    std::ofstream(path_).put('\0');
    std::filesystem::resize_file(path_, size);
    return StatePool::create(path_);
  }

  /// Makes a pool of just the size foretold, fills it with blocks, and has libpmemobj list them.
  void expect_room_for(const std::vector<uint64_t>& block_sizes) {
    std::filesystem::remove(path_);
    {
      auto pool = create(StatePool::size_for(block_sizes));
      ASSERT_TRUE(pool) << pool.error().message;
      for (const uint64_t size : block_sizes) {
        const auto block = (*pool)->reserve(size);
        ASSERT_TRUE(block) << block.error().message;
        EXPECT_EQ(block->size(), size);
        block->back() = std::byte{2};
        block->front() = std::byte{1};
      }
      const auto committed = (*pool)->commit();
      ASSERT_TRUE(committed) << committed.error().message;
    }
    PMEMobjpool* pool = pmemobj_open(path_.c_str(), kStateLayout);
    ASSERT_NE(pool, nullptr) << pmemobj_errormsg();
    size_t count = 0;
    for (PMEMoid object = pmemobj_first(pool); !OID_IS_NULL(object);
         object = pmemobj_next(object)) {
      EXPECT_EQ(*static_cast<const std::byte*>(pmemobj_direct(object)), std::byte{1});
      ++count;
    }
    EXPECT_EQ(count, block_sizes.size());
    pmemobj_close(pool);
  }

  std::string folder_;
  std::string path_;
};

TEST_F(StatePoolFile, HasRoomForBlocksOfAnySize) {
  for (const uint64_t size : {uint64_t{1}, 2 * kMiB, 4 * kMiB, 4 * kMiB + 1, 100 * kMiB - 64}) {
    expect_room_for({size});
  }
}

TEST_F(StatePoolFile, HasRoomForBlocksInZonesOfTheirOwn) {
  expect_room_for({9 * kGiB, 9 * kGiB, 10 * kGiB});
  expect_room_for({9 * kGiB, 10 * kGiB, 5 * kMiB});
  expect_room_for({StatePool::kMaxBlockSize, StatePool::kMaxBlockSize, kMiB});
  expect_room_for({StatePool::kMaxBlockSize});
}

TEST_F(StatePoolFile, SaysWhenItIsFull) {
  auto pool = create(8 * kMiB);
  ASSERT_TRUE(pool) << pool.error().message;
  const auto block = (*pool)->reserve(8 * kMiB);
  ASSERT_FALSE(block);
  EXPECT_NE(block.error().message.find("reserve room"), std::string::npos);
}

TEST_F(StatePoolFile, IsNotMadeOfAFileThatIsTooSmall) {
  const auto pool = create(kMiB);
  ASSERT_FALSE(pool);
  EXPECT_NE(pool.error().message.find("libpmemobj cannot make a pool"), std::string::npos);
}

TEST_F(StatePoolFile, IsNotMadeOfAFileThatHoldsOne) {
  ASSERT_TRUE(create(8 * kMiB));
  EXPECT_FALSE(StatePool::create(path_));
}

TEST_F(StatePoolFile, CountsOffsetsFromTheStartOfTheFile) {
  auto pool = create(16 * kMiB);
  ASSERT_TRUE(pool) << pool.error().message;
  const auto block = (*pool)->reserve(3 * kMiB);
  ASSERT_TRUE(block) << block.error().message;
  (*block)[5] = std::byte{'x'};
  (*pool)->persist(*block);
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>((*pool)->offset_of(block->data()) + 5));
  EXPECT_EQ(file.get(), 'x');
}

}  // namespace
}  // namespace ember::storage
