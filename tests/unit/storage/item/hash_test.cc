// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <unordered_set>

namespace ember::storage {
namespace {

TEST(Hash, IsXxh3) {
  // XXH3_64bits of the empty input, seed 0, as xxhash's own self test has it.
  EXPECT_EQ(hash_key(""), 0x2d06800538d394c2U);
}

TEST(Hash, DependsOnBytesAndSizeOnly) {
  const std::string key = "a key of some bytes";
  EXPECT_EQ(hash_key(key), hash_key(std::string(key)));
  EXPECT_NE(hash_key(key), hash_key(key.substr(1)));
  EXPECT_NE(hash_key(std::string_view("a\0", 2)), hash_key("a"));
}

TEST(Hash, SpreadsKeysThatDifferLittle) {
  std::unordered_set<Hash> seen;
  std::unordered_set<uint64_t> low, tags;
  unsigned changed = 0;
  for (int i = 0; i < 4096; ++i) {
    const Hash hash = hash_key("key:" + std::to_string(i));
    seen.insert(hash);
    low.insert(hash & 1023);
    tags.insert(hash >> 54);
    changed +=
        static_cast<unsigned>(std::popcount(hash ^ hash_key("key:" + std::to_string(i + 1))));
  }
  EXPECT_EQ(seen.size(), 4096U);
  // Of 1024 values, 4096 random ones leave out 19 (1024 / e^4), give or take.
  EXPECT_GT(low.size(), 980U);
  EXPECT_GT(tags.size(), 980U);
  EXPECT_NEAR(changed / 4096.0, 32, 1);
}

}  // namespace
}  // namespace ember::storage
