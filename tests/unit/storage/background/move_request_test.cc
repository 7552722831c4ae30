// SPDX-License-Identifier: BSD-3-Clause
// Pages moved on command (storage/background/move_request.h), seen through the store.
#include <string>

#include "tests/unit/storage/settled_store.h"

namespace ember::storage {
namespace {

TEST(MovePage, OnCommand) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  fill(opened, "key", 10'000);
  const int from = opened.store->class_of(*opened.find(numbered("key", 9999)).item);
  const int to = 2;
  const uint64_t before = pages_of(opened, static_cast<uint8_t>(to));
  EXPECT_EQ(opened.store->move_page(from, to), PageMove::ok);
  EXPECT_EQ(opened.store->move_page(from, to), PageMove::busy);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 1);
  EXPECT_EQ(opened.store->move_page(-1, to), PageMove::ok);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 2);
  const uint64_t free = opened.store->stats().pages_free;
  EXPECT_EQ(opened.store->move_page(to, 0), PageMove::ok);
  settle(opened);
  EXPECT_EQ(opened.store->stats().pages_free, free + 1);
  EXPECT_EQ(opened.store->move_page(0, to), PageMove::ok);
  settle(opened);
  EXPECT_EQ(pages_of(opened, static_cast<uint8_t>(to)), before + 2);
  EXPECT_TRUE(opened.has(numbered("key", 9999)));
}

// A class that was left without a page had a page asked of it for ever, and every other request was
// told that the store is busy.
TEST(MovePage, IsGivenUpWhenWritersTookAllThePages) {
  OpenedStore opened({.memory_limit = kMiB});
  // A class is worth a page for what is written to it.
  const auto write_much = [&](size_t size) {
    for (size_t i = 0; i < kMiB / size; ++i) {
      ASSERT_EQ(opened.set(numbered("size", size), pattern(size)).outcome, Outcome::stored);
      opened.thread->quiesce();
    }
  };
  // The only one with two pages, and nothing in them: whoever has none takes these.
  const uint8_t from = opened.set("a", pattern(100)).class_id;
  size_t count = 0;
  while (pages_of(opened, from) < 2) {
    opened.set(numbered("small", count++), pattern(100));
  }
  size_t size = 1000;
  for (; opened.store->stats().pages_free != 0; size += size / 8) {
    write_much(size);
  }
  for (size_t i = 0; i < count; ++i) {
    opened.remove(numbered("small", i));
  }
  opened.remove("a");
  opened.thread->quiesce();
  ASSERT_EQ(opened.store->move_page(from, from + 1), PageMove::ok);
  for (; pages_of(opened, from) != 0 && size < 60'000; size += size / 8) {
    write_much(size);
  }
  ASSERT_EQ(pages_of(opened, from), 0U);
  settle(opened);
  EXPECT_FALSE(opened.store->stats().move_running);
  EXPECT_NE(opened.store->move_page(-1, from), PageMove::busy);
}

TEST(MovePage, WhatCannotBe) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  opened.set("small", "x");
  const int last = static_cast<int>(opened.store->class_count());
  EXPECT_EQ(opened.store->move_page(1, 1), PageMove::same);
  EXPECT_EQ(opened.store->move_page(1, 2), PageMove::no_spare);
  EXPECT_EQ(opened.store->move_page(last + 1, 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(1, last + 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(-2, 1), PageMove::bad_class);
  EXPECT_EQ(opened.store->move_page(-1, 1), PageMove::bad_class);
}

}  // namespace
}  // namespace ember::storage
