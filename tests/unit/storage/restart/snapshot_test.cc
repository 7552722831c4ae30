// SPDX-License-Identifier: BSD-3-Clause
// Graceful stops and starts with a state file (storage/restart/snapshot.h, read/verifier.h), on a
// real file.
#include "storage/restart/snapshot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "storage/media/superblock.h"
#include "storage/region/file_region.h"
#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

using Source = RecoveryReport::Source;

constexpr size_t kSize = 8 * kMiB;
constexpr size_t kItems = 4000;

std::string key_of(size_t number) { return "key" + std::to_string(number); }
std::string value_of(size_t number) {
  const size_t size = number % 500 == 0 ? 100'000 : 10 + number % 300;
  return std::to_string(number) + std::string(size, static_cast<char>('a' + number % 26));
}

class StateFile : public testing::Test {
 protected:
  StateFile() {
    const std::string name = "ember-snapshot-" + std::to_string(::getpid());
    folder_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directory(folder_);
    start();
  }
  ~StateFile() override {
    crash();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ / "memory"; }
  std::string state_path() const { return path() + ".meta"; }

  void start() {
    region_ = *open_file_region({.path = path(), .size = kSize});
    store_ = *Store::open(options_, *region_, clock_);
    thread_ = store_->register_thread();
  }
  void crash() {
    thread_.reset();
    store_.reset();
    region_.reset();
  }
  void stop() {
    thread_.reset();
    ASSERT_TRUE(store_->close(false));
    crash();
  }
  void restart() {
    stop();
    start();
  }

  void set(const std::string& key, const std::string& value) {
    Draft draft =
        store_->draft(*thread_, {.key = key, .hash = hash_key(key), .value_size = value.size()});
    ASSERT_EQ(draft.outcome(), Outcome::stored);
    draft.fill(value);
    ASSERT_EQ(store_->publish(*thread_, std::move(draft), {}).outcome, Outcome::stored);
    thread_->quiesce();
  }
  Found find(const std::string& key) {
    return store_->find(*thread_, key, hash_key(key), Access::mark);
  }
  std::string get(const std::string& key) {
    const Found found = find(key);
    std::string value;
    for (size_t i = 0; found && i < store_->part_count(*found.item); ++i) {
      value += store_->part(*found.item, i);
    }
    return value;
  }
  void fill() {
    for (size_t i = 0; i < kItems; ++i) {
      set(key_of(i), value_of(i));
    }
    store_->remove(*thread_, key_of(1), hash_key(key_of(1)), std::nullopt);
  }
  /// How many keys but the removed one are not there, or wrong.
  size_t missing() {
    size_t count = 0;
    for (size_t i = 0; i < kItems; ++i) {
      count += i != 1 && get(key_of(i)) != value_of(i) ? 1U : 0U;
    }
    EXPECT_FALSE(find(key_of(1))) << "what was deleted came back";
    return count;
  }
  void maintain() {
    while (store_->maintain(*thread_)) {
    }
  }
  uint64_t place_of(const std::string& key) {
    const auto* item = reinterpret_cast<const std::byte*>(find(key).item);
    return static_cast<uint64_t>(item - region_->bytes().data());
  }
  static void flip(const std::string& file, uint64_t place) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(place));
    const auto byte = static_cast<char>(stream.get() ^ 0x10);
    stream.seekp(static_cast<std::streamoff>(place));
    stream.put(byte);
  }

  std::filesystem::path folder_;
  Clock clock_;
  StoreOptions options_{.memory_limit = kSize, .recovery_threads = 2};
  std::unique_ptr<MemoryRegion> region_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreThread> thread_;
};

TEST_F(StateFile, BringsBackWhatAScanBringsBack) {
  fill();
  const StoreStats before = store_->stats();
  restart();
  EXPECT_EQ(store_->recovery().source, Source::state_file) << store_->recovery().reason;
  EXPECT_EQ(store_->recovery().items, kItems - 1);
  EXPECT_EQ(store_->stats().items, before.items);
  EXPECT_EQ(store_->stats().bytes, before.bytes);
  EXPECT_EQ(missing(), 0U);
  crash();
  start();
  EXPECT_EQ(store_->recovery().source, Source::scan);
  EXPECT_EQ(store_->stats().items, before.items);
  EXPECT_EQ(store_->stats().bytes, before.bytes);
  EXPECT_EQ(missing(), 0U);
}

TEST_F(StateFile, KeepsTheQueuesAndTheStandingOfItems) {
  fill();
  const std::vector<ClassStats> before = store_->class_stats();
  const uint32_t idle = find(key_of(2)).seconds_since_access;
  restart();
  const std::vector<ClassStats> after = store_->class_stats();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].class_id, before[i].class_id);
    EXPECT_EQ(after[i].items, before[i].items);
    EXPECT_EQ(after[i].items_small, before[i].items_small);
    EXPECT_EQ(after[i].items_main, before[i].items_main);
    EXPECT_EQ(after[i].used_chunks, before[i].used_chunks);
    EXPECT_EQ(after[i].mem_requested, before[i].mem_requested);
  }
  EXPECT_TRUE(find(key_of(2)).fetched);
  EXPECT_LE(idle, find(key_of(2)).seconds_since_access);
}

TEST_F(StateFile, IsUsedOnce) {
  fill();
  stop();
  EXPECT_TRUE(std::filesystem::exists(state_path()));
  start();
  EXPECT_FALSE(std::filesystem::exists(state_path()));
}

TEST_F(StateFile, WritesGoOnAfterwards) {
  fill();
  restart();
  for (size_t i = 0; i < kItems; i += 3) {
    set(key_of(i), value_of(i));
  }
  set("new", "value");
  maintain();
  EXPECT_EQ(missing(), 0U);
  crash();
  start();
  EXPECT_EQ(missing(), 0U);
  EXPECT_EQ(get("new"), "value");
}

TEST_F(StateFile, DamagedIsDoneWithout) {
  fill();
  stop();
  const auto size = std::filesystem::file_size(state_path());
  flip(state_path(), size / 2);
  flip(state_path(), 4096);
  start();
  EXPECT_EQ(store_->recovery().source, Source::scan);
  EXPECT_NE(store_->recovery().reason, "");
  EXPECT_EQ(missing(), 0U);
}

TEST_F(StateFile, OfOtherSlabOptionsIsDoneWithout) {
  fill();
  stop();
  options_.growth_factor = 1.3;
  start();
  EXPECT_EQ(store_->recovery().source, Source::scan);
  EXPECT_LT(missing(), kItems / 2) << "larger chunks hold less, but most of it";
}

TEST_F(StateFile, APageHeaderDamagedMeanwhileIsFound) {
  fill();
  const uint64_t page = place_of(key_of(7)) / (64 * kKiB) * (64 * kKiB);
  stop();
  flip(path(), page + 9);
  start();
  EXPECT_EQ(store_->recovery().source, Source::scan);
  EXPECT_EQ(store_->recovery().damaged_pages, 1U);
  EXPECT_FALSE(find(key_of(7)));
  EXPECT_GT(missing(), 0U);
}

/// An item's header, and what it may be found by.
class DamagedMeanwhile : public StateFile, public testing::WithParamInterface<uint64_t> {};

TEST_P(DamagedMeanwhile, AnItemIsDroppedWhoeverComesFirst) {
  fill();
  const uint64_t plain = place_of(key_of(7));
  const uint64_t chained = place_of(key_of(500));
  stop();
  flip(path(), plain + GetParam());
  flip(path(), chained + GetParam());
  start();
  ASSERT_EQ(store_->recovery().source, Source::state_file) << store_->recovery().reason;
  EXPECT_FALSE(find(key_of(7)));
  EXPECT_FALSE(find(key_of(500)));
  set(key_of(500), value_of(500));  // beside the entry of the damaged one
  EXPECT_EQ(get(key_of(500)), value_of(500));
  maintain();
  EXPECT_FALSE(find(key_of(7)));
  EXPECT_EQ(get(key_of(500)), value_of(500));
  EXPECT_EQ(store_->recovery().damaged, 2U);
  EXPECT_EQ(missing(), 1U);
  set(key_of(7), value_of(7));
  EXPECT_EQ(missing(), 0U);
  restart();
  EXPECT_EQ(missing(), 0U);
}

// A byte of CAS, client flags, value size, seal, key.
INSTANTIATE_TEST_SUITE_P(At, DamagedMeanwhile, testing::Values(2, 13, 17, 20, 21, 23, 25));

}  // namespace
}  // namespace ember::storage
