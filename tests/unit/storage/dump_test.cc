// SPDX-License-Identifier: BSD-3-Clause
// Lists of items (storage/dump.cc).
#include "storage/dump.h"

#include <map>
#include <set>
#include <string>

#include "tests/unit/storage/opened_store.h"

namespace ember::storage {
namespace {

/// Keys and how often each was listed; `between` happens after each step.
template <typename Between>
std::map<std::string, int> listed(OpenedStore& opened, DumpCursor cursor, Between&& between) {
  std::map<std::string, int> keys;
  std::vector<DumpedItem> found;
  while (!cursor.done()) {
    opened.store->dump(*opened.thread, cursor, found);
    for (const DumpedItem& each : found) {
      EXPECT_EQ(each.class_id, opened.store->class_of(*each.item));
      ++keys[std::string(each.item->key())];
    }
    found.clear();
    between();
  }
  return keys;
}

std::map<std::string, int> listed(OpenedStore& opened, const DumpCursor& cursor) {
  return listed(opened, cursor, [] {});
}

TEST(Dump, ListsEveryItemOnce) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  for (size_t i = 0; i < 20'000; ++i) {
    opened.set(numbered("key", i), pattern(i % 200));
  }
  opened.set("large", pattern(600'000));
  ClassSet all;
  all.set();
  for (const DumpCursor& cursor : {DumpCursor(), DumpCursor(all)}) {
    const auto keys = listed(opened, cursor);
    EXPECT_EQ(keys.size(), 20'001U);
    for (const auto& [key, times] : keys) {
      EXPECT_EQ(times, 1) << key;
    }
  }
}

TEST(Dump, OfOneClassOnly) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("small", "x");
  opened.set("middle", pattern(5000));
  ClassSet classes;
  classes.set(opened.store->class_of(*opened.find("middle").item));
  EXPECT_EQ(listed(opened, DumpCursor(classes)), (std::map<std::string, int>{{"middle", 1}}));
  EXPECT_TRUE(listed(opened, DumpCursor(ClassSet())).empty());
}

TEST(Dump, LeavesOutTheDead) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("expired", "x", opened.clock.now() + 1);
  opened.set("removed", "x");
  opened.set("alive", "x");
  opened.remove("removed");
  opened.clock.advance(1);
  EXPECT_EQ(listed(opened, DumpCursor()), (std::map<std::string, int>{{"alive", 1}}));
}

TEST(Dump, TellsWhetherAndWhenItWasRead) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("unread", "x");
  opened.set("read", "x");
  opened.read("read");
  opened.clock.advance(100);
  DumpCursor cursor;
  std::vector<DumpedItem> found;
  while (!cursor.done()) {
    opened.store->dump(*opened.thread, cursor, found);
  }
  ASSERT_EQ(found.size(), 2U);
  for (const DumpedItem& each : found) {
    EXPECT_EQ(each.fetched, each.item->key() == "read");
    EXPECT_GE(each.seconds_since_access, 100U);
    EXPECT_LE(each.seconds_since_access, 101U);
  }
}

TEST(Dump, MissesNothingWhileTheIndexGrows) {
  OpenedStore opened({.memory_limit = 32 * kMiB});
  for (size_t i = 0; i < 20'000; ++i) {
    opened.set(numbered("there", i), "x");
  }
  size_t next = 0;
  const auto keys = listed(opened, DumpCursor(), [&] {
    for (size_t i = 0; i < 200; ++i, ++next) {
      opened.set(numbered("new", next), "x");
    }
  });
  EXPECT_GT(next, 20'000U);  // enough for the index to split meanwhile
  for (size_t i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(keys.contains(numbered("there", i))) << i;
  }
}

}  // namespace
}  // namespace ember::storage
