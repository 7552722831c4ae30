// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/index_loader.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

namespace ember::storage {
namespace {

Hash hash_of(size_t number) {
  return hash_key(std::string_view(reinterpret_cast<const char*>(&number), sizeof(number)));
}

/// An empty index of about so many buckets: the loader asks it for nothing else.
std::unique_ptr<Index> index_of(size_t buckets) {
  auto index = Index::open({.max_items = 1 << 24, .expected_items = buckets * 11 / 2},
                           [](std::span<const uint64_t>, std::span<Hash>) {});
  EXPECT_TRUE(index);
  return std::move(*index);
}

std::unique_ptr<IndexLoader> loader_for(const Index& index, size_t threads,
                                        const IndexLoader::Room& room) {
  auto loader = IndexLoader::open(index, threads, room);
  EXPECT_TRUE(loader);
  return std::move(*loader);
}

/// All that comes out: hashes by offset; each part must name other buckets.
std::map<uint64_t, Hash> taken(const IndexLoader& loader, const Index& index) {
  std::map<uint64_t, Hash> all;
  std::set<size_t> of_earlier_parts;
  for (size_t part = 0; part < loader.part_count(); ++part) {
    std::set<size_t> buckets;
    loader.take(
        part, [](Hash) {},
        [&](uint64_t offset, Hash hash) {
          EXPECT_TRUE(all.emplace(offset, hash).second) << offset;
          buckets.insert(index.home_of(hash));
        });
    for (const size_t bucket : buckets) {
      EXPECT_TRUE(of_earlier_parts.insert(bucket).second) << bucket;
    }
  }
  return all;
}

void expect_all(const std::map<uint64_t, Hash>& all, size_t count, const Index& index) {
  ASSERT_EQ(all.size(), count);
  for (const auto& [offset, hash] : all) {
    const Hash whole = hash_of(offset / 8);
    EXPECT_EQ(index.home_of(hash), index.home_of(whole));
    EXPECT_TRUE(IndexEntry::make(hash, offset, 0).tag_matches(whole));
  }
}

TEST(LoadingAnIndex, GivesBackAllThatWasAddedPartByPart) {
  for (const size_t buckets : {size_t{1}, size_t{8192}, size_t{8193}, size_t{70000}}) {
    const auto index = index_of(buckets);
    const size_t count = 50000;
    const auto loader = loader_for(*index, 1, {.most_items = count, .most_at_once = 1});
    for (size_t number = 0; number < count; ++number) {
      loader->add(0, number * 8, hash_of(number));
    }
    EXPECT_EQ(loader->part_count(), (index->bucket_count() + 8191) / 8192);
    expect_all(taken(*loader, *index), count, *index);
  }
}

TEST(LoadingAnIndex, KeepsTheFarthestOffset) {
  const auto index = index_of(1);
  const auto loader = loader_for(*index, 1, {.most_items = 1, .most_at_once = 1});
  loader->add(0, IndexEntry::kMaxOffset, ~Hash{0});
  const auto all = taken(*loader, *index);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.begin()->first, IndexEntry::kMaxOffset);
  EXPECT_TRUE(IndexEntry::make(all.begin()->second, 8, 0).tag_matches(~Hash{0}));
}

TEST(LoadingAnIndex, HoldsWhatItHasRoomForAndHasRoomAgainOnceCleared) {
  const auto index = index_of(100000);
  const size_t at_once = 700;
  const auto loader = loader_for(*index, 2, {.most_items = 5000, .most_at_once = at_once});
  for (int round = 0; round < 3; ++round) {
    size_t count = 0;
    for (const size_t thread : {size_t{0}, size_t{1}}) {
      ASSERT_TRUE(loader->room_for(thread, at_once));
      for (; loader->room_for(thread, at_once) && count < 100000; ++count) {
        loader->add(thread, count * 8, hash_of(count));
      }
    }
    EXPECT_GE(count, 5000U);
    ASSERT_LT(count, 100000U) << "it is never full";
    expect_all(taken(*loader, *index), count, *index);
    loader->clear(0);
    loader->clear(1);
    EXPECT_TRUE(taken(*loader, *index).empty());
  }
}

TEST(LoadingAnIndex, IsFilledBySeveralThreads) {
  const auto index = index_of(20000);
  const size_t each = 30000;
  const auto loader = loader_for(*index, 3, {.most_items = 3 * each, .most_at_once = 1});
  {
    std::vector<std::jthread> threads;
    for (size_t thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&, thread] {
        for (size_t number = thread * each; number < (thread + 1) * each; ++number) {
          loader->add(thread, number * 8, hash_of(number));
        }
      });
    }
  }
  expect_all(taken(*loader, *index), 3 * each, *index);
}

}  // namespace
}  // namespace ember::storage
