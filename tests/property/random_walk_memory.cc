// SPDX-License-Identifier: BSD-3-Clause
// What a RandomWalk does to the memory its items live in, and what it asks of it: limits, pages
// moved on command, lists, figures. None of it may change what a key is.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "storage/slab/page_table.h"
#include "tests/property/random_walk.h"

namespace ember::property {

using storage::Access;
using storage::DumpCursor;
using storage::DumpedItem;
using storage::hash_key;
using storage::PageMove;

namespace {

storage::ClassSet every_class() { return storage::ClassSet().set(); }

}  // namespace

void RandomWalk::resize() {
  operation_ = "resize";
  const size_t limit = choices_.limit();
  const auto resized = store().resize(limit);
  EXPECT_TRUE(resized.has_value()) << limit / kMiB << " MiB: " << resized.error().message;
  EXPECT_EQ(store().stats().memory_limit, limit);
  ++counts_.resizes;
}

void RandomWalk::move_page() {
  operation_ = "move a page";
  const auto [from, to] = choices_.classes(store());
  const int last = static_cast<int>(store().class_count());
  const bool sensible = from >= -1 && from <= last && to >= 0 && to <= last;
  switch (store().move_page(from, to)) {
    case PageMove::ok:
      EXPECT_TRUE(sensible && from != to) << from << " to " << to;
      EXPECT_TRUE(store().stats().move_running);
      ++counts_.moves;
      return;
    case PageMove::same:
      EXPECT_EQ(from, to);
      return;
    case PageMove::bad_class:
      EXPECT_TRUE(!sensible || from == -1) << from << " to " << to;
      return;
    case PageMove::busy:
      EXPECT_TRUE(store().stats().move_running);
      return;
    case PageMove::no_spare:
      EXPECT_TRUE(sensible && from != to) << from << " to " << to;
      return;
  }
}

void RandomWalk::list() {
  operation_ = "list";
  switch (pick(8)) {
    case 0:
      return list_all(DumpCursor());
    case 1:
      return list_all(DumpCursor(every_class()));
    default:
      return list_some();
  }
}

/// What is listed lives, and is as the model knows it.
void RandomWalk::expect_listed(const DumpedItem& dumped) {
  ++counts_.listed;
  const std::string key(dumped.item->key());
  const Model::Entry* entry = model_.find(key);
  if (entry == nullptr) {
    ADD_FAILURE() << key << " is listed, and should be gone";
    return;
  }
  compare_item(key, *entry, *dumped.item);
  EXPECT_EQ(dumped.class_id, store().class_of(*dumped.item)) << key;
}

/// Without a pause the list is exact: each item once.
void RandomWalk::list_all(DumpCursor cursor) {
  std::vector<DumpedItem> items;
  while (!cursor.done()) {
    store().dump(thread(), cursor, items);
  }
  std::set<std::string> keys;
  for (const DumpedItem& dumped : items) {
    expect_listed(dumped);
    EXPECT_TRUE(keys.emplace(dumped.item->key()).second) << dumped.item->key() << " twice";
  }
  std::vector<std::string> missing;
  for (const auto& [key, entry] : model_.entries()) {
    if (!keys.contains(key)) {
      missing.push_back(key);
    }
  }
  for (const std::string& key : missing) {
    compare(key);  // expired, or evicted where that is allowed
    EXPECT_EQ(model_.find(key), nullptr) << key << " is there, and not listed";
  }
}

void RandomWalk::list_some() {
  if (lying_.done()) {
    lying_ = one_in(2) ? DumpCursor() : DumpCursor(every_class());
  }
  std::vector<DumpedItem> items;
  store().dump(thread(), lying_, items);
  for (const DumpedItem& dumped : items) {
    expect_listed(dumped);
  }
}

void RandomWalk::compare_figures() {
  operation_ = "figures";
  ASSERT_TRUE(opened_.settle()) << opened_.what_is_on_its_way();
  list_all(DumpCursor());
  list_all(DumpCursor(every_class()));
  uint64_t bytes = 0;
  uint64_t items = 0;
  for (const auto& [key, entry] : model_.entries()) {
    const storage::Found found = store().find(thread(), key, hash_key(key), Access::peek);
    bytes += found ? found.item->size() : 0;
    items += found ? 1U : 0U;
  }
  const storage::StoreStats stats = store().stats();
  EXPECT_EQ(stats.items, items);
  EXPECT_EQ(stats.bytes, bytes);
  uint64_t of_classes = 0;
  uint64_t queued = 0;
  uint64_t requested = 0;
  for (const storage::ClassStats& of : store().class_stats()) {
    of_classes += of.items;
    queued += of.items_small + of.items_main;
    requested += of.mem_requested;
  }
  EXPECT_EQ(of_classes, items);
  EXPECT_EQ(queued, items);
  EXPECT_EQ(requested, bytes);
  const size_t page = storage::page_size_for(opened_.first_limit());
  EXPECT_EQ((stats.pages_assigned + stats.pages_free) * page, stats.memory_limit);
}

void RandomWalk::restart(bool graceful) {
  operation_ = "restart";
  lying_ = DumpCursor();
  opened_.restart(graceful);
  compare_all();
  compare_figures();
}

}  // namespace ember::property
