// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

namespace ember::storage {
namespace {

constexpr size_t kMaxItems = 1 << 17;

// "Item" number n lies at offset 8 * (n + 1).
uint64_t offset_of(size_t number) { return (number + 1) * 8; }

/// An index over items of whose keys only the hash is known.
class HashedItems {
 public:
  HashedItems(std::vector<Hash> hashes, unsigned power) : hashes_(std::move(hashes)) {
    auto index = Index::open({.max_items = kMaxItems, .initial_power = power},
                             [this](std::span<const uint64_t> offsets, std::span<Hash> out) {
                               for (size_t i = 0; i < offsets.size(); ++i) {
                                 out[i] = hashes_[offsets[i] / 8 - 1];
                               }
                             });
    EXPECT_TRUE(index);
    index_ = std::move(*index);
  }

  Index& index() { return *index_; }
  Hash hash(size_t number) const { return hashes_[number]; }

  void insert(size_t number) {
    Index::WriteLock lock(*index_, hashes_[number]);
    lock.insert(IndexEntry::make(hashes_[number], offset_of(number), 0));
  }
  bool erase(size_t number) {
    Index::WriteLock lock(*index_, hashes_[number]);
    const Index::Hit hit = lock.find([&](uint64_t offset) { return offset == offset_of(number); });
    if (hit) {
      lock.erase(hit);
    }
    return static_cast<bool>(hit);
  }
  bool has(size_t number) const {
    const auto is_it = [&](uint64_t offset) { return offset == offset_of(number); };
    return static_cast<bool>(index_->find(hashes_[number], is_it));
  }
  size_t missing(size_t from, size_t to) const {
    size_t count = 0;
    for (size_t number = from; number < to; ++number) {
      count += has(number) ? 0U : 1U;
    }
    return count;
  }

 private:
  const std::vector<Hash> hashes_;
  std::unique_ptr<Index> index_;
};

std::vector<Hash> hashes(size_t count) {
  std::vector<Hash> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(hash_key(std::string_view(reinterpret_cast<const char*>(&i), sizeof(i))));
  }
  return all;
}

TEST(Index, FindsNothingWhenEmpty) {
  HashedItems items(hashes(1), 0);
  EXPECT_FALSE(items.has(0));
  EXPECT_TRUE(items.index().peek(items.hash(0)).empty());
  EXPECT_EQ(items.index().entry_count(), 0U);
  EXPECT_EQ(items.index().power(), 12U);
  EXPECT_EQ(items.index().bucket_count(), 4096U);
}

TEST(Index, InsertsReplacesAndErases) {
  HashedItems items(hashes(2), 4);
  items.insert(0);
  EXPECT_TRUE(items.has(0));
  EXPECT_FALSE(items.has(1));
  EXPECT_EQ(items.index().peek(items.hash(0)).offset(), offset_of(0));
  {
    Index::WriteLock lock(items.index(), items.hash(0));
    const Index::Hit hit = lock.find([](uint64_t) { return true; });
    ASSERT_TRUE(hit);
    Index::WriteLock::replace(hit, hit.entry.with_offset(4096));
  }
  EXPECT_FALSE(items.has(0));
  const Index::Hit moved =
      items.index().find(items.hash(0), [](uint64_t offset) { return offset == 4096; });
  ASSERT_TRUE(moved);
  EXPECT_EQ(items.index().entry_count(), 1U);
  {
    Index::WriteLock lock(items.index(), items.hash(0));
    lock.erase(lock.find([](uint64_t) { return true; }));
  }
  EXPECT_EQ(items.index().entry_count(), 0U);
  EXPECT_FALSE(items.index().find(items.hash(0), [](uint64_t) { return true; }));
}

TEST(Index, MarksUseOnlyWhereTheEntryIsStillTheOneFound) {
  HashedItems items(hashes(1), 4);
  items.insert(0);
  const auto found = [&] {
    return items.index().find(items.hash(0), [](uint64_t) { return true; });
  };
  const Index::Hit before = found();
  Index::mark(before, 10);
  EXPECT_EQ(found().entry.frequency(), 1U);
  EXPECT_TRUE(found().entry.fetched());
  EXPECT_EQ(found().entry.idle_seconds(10), 0U);
  Index::mark(before, 20);  // by now another entry
  Index::set_frequency(before, 3);
  EXPECT_EQ(found().entry.frequency(), 1U);
  Index::set_frequency(found(), 3);
  EXPECT_EQ(found().entry.frequency(), 3U);
}

TEST(Index, GrowsBucketByBucketAndLosesNothing) {
  constexpr size_t kCount = 20000;
  HashedItems items(hashes(kCount), 2);
  size_t buckets = items.index().bucket_count();
  EXPECT_EQ(buckets, 4U);
  for (size_t number = 0; number < kCount; ++number) {
    items.insert(number);
    ASSERT_LE(items.index().bucket_count(), buckets + 1);
    buckets = items.index().bucket_count();
    if (number % 1024 == 0) {
      ASSERT_EQ(items.missing(0, number + 1), 0U);
    }
  }
  EXPECT_EQ(items.missing(0, kCount), 0U);
  EXPECT_EQ(items.index().entry_count(), kCount);
  EXPECT_LE(kCount / static_cast<double>(buckets), 5.6);
  EXPECT_GE(items.index().bytes(), buckets * kCacheLineSize);
  EXPECT_EQ(items.index().power(), 11U);  // 2048 to 4095 buckets
  EXPECT_TRUE(items.index().growing());
  for (size_t number = 0; number < kCount; number += 2) {
    ASSERT_TRUE(items.erase(number));
    ASSERT_FALSE(items.erase(number));
  }
  for (size_t number = 0; number < kCount; ++number) {
    ASSERT_EQ(items.has(number), number % 2 == 1) << number;
  }
  EXPECT_EQ(items.index().entry_count(), kCount / 2);
}

/// Hashes that collide in one way or another.
struct Collision {
  const char* name;
  Hash (*hash)(size_t number);
};

class IndexCollisions : public testing::TestWithParam<Collision> {};

TEST_P(IndexCollisions, LoseNothing) {
  constexpr size_t kCount = 600;
  std::vector<Hash> all;
  for (size_t i = 0; i < kCount; ++i) {
    all.push_back(GetParam().hash(i));
  }
  HashedItems items(std::move(all), 3);
  for (size_t number = 0; number < kCount; ++number) {
    items.insert(number);
  }
  EXPECT_EQ(items.missing(0, kCount), 0U);
  // From the middle of the chains, and into them again.
  for (size_t number = kCount / 3; number < kCount * 2 / 3; ++number) {
    ASSERT_TRUE(items.erase(number));
  }
  EXPECT_EQ(items.missing(kCount / 3, kCount * 2 / 3), kCount / 3);
  EXPECT_EQ(items.missing(0, kCount / 3) + items.missing(kCount * 2 / 3, kCount), 0U);
  const size_t bytes = items.index().bytes();
  for (size_t number = kCount / 3; number < kCount * 2 / 3; ++number) {
    items.insert(number);
  }
  EXPECT_EQ(items.missing(0, kCount), 0U);
  EXPECT_LE(items.index().bytes(), bytes + (kCount / 3) * kCacheLineSize);
}

INSTANTIATE_TEST_SUITE_P(
    Hashes, IndexCollisions,
    testing::Values(Collision{"equal_low_bits", [](size_t n) { return Hash{n} << 40 | 5; }},
                    Collision{"equal_tags",
                              [](size_t n) { return (Hash{n} * Hash{0x9e3779b97f4a7c15}) >> 10; }},
                    Collision{"all_equal", [](size_t) { return Hash{0xabcdef0123456789}; }},
                    Collision{"zero", [](size_t) { return Hash{0}; }}),
    [](const auto& test) { return test.param.name; });

TEST(Index, WalksEveryEntryOnce) {
  constexpr size_t kCount = 5000;
  HashedItems items(hashes(kCount), 2);
  for (size_t number = 0; number < kCount; ++number) {
    items.insert(number);
  }
  std::map<uint64_t, int> seen;
  size_t steps = 0;
  size_t next = 0;
  do {
    next = items.index().walk(next, 100, [&](Index::Slot& slot) {
      const IndexEntry entry(slot.load());
      if (!entry.empty()) {
        ++seen[entry.offset()];
      }
    });
    ++steps;
  } while (next != 0);
  EXPECT_EQ(steps, (items.index().bucket_count() + 99) / 100);
  EXPECT_EQ(seen.size(), kCount);
  for (const auto& [offset, times] : seen) {
    ASSERT_EQ(times, 1) << offset;
  }
}

TEST(Index, ReadersNeverMissAKeyThatStaysWhileBucketsSplit) {
  constexpr size_t kStaying = 400;
  constexpr size_t kCount = 40000;
  HashedItems items(hashes(kCount), 2);
  for (size_t number = 0; number < kStaying; ++number) {
    items.insert(number);
  }
  std::atomic<bool> done{false};
  std::atomic<size_t> missed{0};
  std::atomic<size_t> passes{0};
  {
    const auto read = [&] {
      do {
        missed += items.missing(0, kStaying);
        ++passes;
      } while (!done);
    };
    const std::jthread first(read);
    const std::jthread second(read);
    for (size_t number = kStaying; number < kCount; ++number) {
      items.insert(number);
      if (number % 3 == 0) {
        items.erase(number);  // overflow buckets come and go
      }
    }
    done = true;
  }
  EXPECT_EQ(missed.load(), 0U);
  EXPECT_GE(passes.load(), 2U);
  EXPECT_GE(items.index().power(), 11U);
}

TEST(Index, RefusesAnImageThatNoIndexOfItsSizeHas) {
  HashedItems items(hashes(1), 4);
  Index::Image image = items.index().image();
  EXPECT_TRUE(items.index().adopt(image));
  for (const uint64_t size : {uint64_t{255}, uint64_t{41}, uint64_t{16} << 8 | 4, ~uint64_t{0}}) {
    image.size = size;
    EXPECT_FALSE(items.index().adopt(image)) << size;
  }
  EXPECT_EQ(items.index().bucket_count(), 16U);
  image = items.index().image();
  image.overflow_used = ~uint32_t{0};
  EXPECT_FALSE(items.index().adopt(image));
}

TEST(Index, LetsNoEntryInUnderTheHashOfAnother) {
  if (kDebugChecks) {
    HashedItems items(hashes(2), 4);
    Index::WriteLock lock(items.index(), items.hash(0));
    EXPECT_DEATH(lock.insert(IndexEntry::make(items.hash(1), 8, 0)), "its own hash");
  }
}

TEST(Loading, EntersWhatIsNotThereAndTellsOfWhatIs) {
  // Twelve to a bucket: most chains have an overflow bucket.
  const size_t count = 12 << 4;
  HashedItems items(hashes(count), 4);
  Index& index = items.index();
  for (size_t number = 0; number < count; ++number) {
    const auto is_it = [&](uint64_t offset) { return offset == offset_of(number); };
    const IndexEntry entry = IndexEntry::make(items.hash(number), offset_of(number), 0);
    EXPECT_FALSE(index.load(items.hash(number), entry, is_it)) << number;
    const Index::Hit again = index.load(items.hash(number), entry, is_it);
    ASSERT_TRUE(again) << number;
    EXPECT_EQ(again.entry.offset(), offset_of(number));
  }
  EXPECT_EQ(index.entry_count(), 0U);
  index.count_in(count);
  EXPECT_EQ(items.missing(0, count), 0U);
  EXPECT_GT(index.bytes(), (size_t{1} << 4) * kCacheLineSize);
  for (size_t number = 0; number < count; ++number) {
    EXPECT_TRUE(items.erase(number)) << number;
    EXPECT_FALSE(items.has(number)) << "entered twice: " << number;
  }
  EXPECT_EQ(index.entry_count(), 0U);
}

}  // namespace
}  // namespace ember::storage
