// SPDX-License-Identifier: BSD-3-Clause
// What recovery brings back of a sound region, and what not.
#include "storage/restart/recovery.h"

#include "tests/unit/storage/reopened_store.h"

namespace ember::storage {
namespace {

using Source = RecoveryReport::Source;
using LastStop = RecoveryReport::LastStop;

class ARecovery : public ReopenedStore {};

TEST_F(ARecovery, OfANewRegionIsCold) {
  EXPECT_EQ(report().source, Source::cold);
  EXPECT_EQ(report().last_stop, LastStop::none);
  EXPECT_EQ(report().reason, "the file is new");
  EXPECT_EQ(report().items, 0U);
}

TEST_F(ARecovery, ACrashLeavesEveryItem) {
  for (size_t i = 0; i < 3000; ++i) {
    now().set(numbered("key", i), pattern(i % 700, static_cast<unsigned>(i)));
  }
  restart();
  EXPECT_EQ(report().source, Source::scan);
  EXPECT_EQ(report().last_stop, LastStop::crash);
  EXPECT_TRUE(report().reason.empty()) << report().reason;
  EXPECT_EQ(report().items, 3000U);
  EXPECT_EQ(report().damaged + report().replaced + report().expired + report().unfit, 0U);
  EXPECT_EQ(now().store->stats().items, 3000U);
  for (size_t i = 0; i < 3000; ++i) {
    ASSERT_TRUE(now().get(numbered("key", i)) == pattern(i % 700, static_cast<unsigned>(i))) << i;
  }
}

TEST_F(ARecovery, AGracefulStopIsTold) {
  now().set("key", "value");
  stop();
  start();
  EXPECT_EQ(report().last_stop, LastStop::graceful);
  EXPECT_EQ(now().get("key"), "value");
  restart();
  EXPECT_EQ(report().last_stop, LastStop::crash) << "a start takes the mark of a stop away";
}

TEST_F(ARecovery, TheFiguresAreThoseOfTheStoreBefore) {
  for (size_t i = 0; i < 500; ++i) {
    now().set(numbered("key", i), pattern(i * 3));
  }
  now().set("large", pattern(300'000));
  now().maintain();
  const auto before = now().store->class_stats();
  const StoreStats stats = now().store->stats();
  restart();
  const auto after = now().store->class_stats();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].class_id, before[i].class_id);
    EXPECT_EQ(after[i].pages, before[i].pages);
    EXPECT_EQ(after[i].items, before[i].items) << after[i].chunk_size;
    EXPECT_EQ(after[i].used_chunks, before[i].used_chunks) << after[i].chunk_size;
    EXPECT_EQ(after[i].mem_requested, before[i].mem_requested) << after[i].chunk_size;
  }
  EXPECT_EQ(now().store->stats().items, stats.items);
  EXPECT_EQ(now().store->stats().bytes, stats.bytes);
  EXPECT_EQ(now().store->stats().pages_assigned, stats.pages_assigned);
}

TEST_F(ARecovery, ManyThreadsFindWhatOneFinds) {
  for (size_t i = 0; i < 5000; ++i) {
    now().set(numbered("key", i), pattern(i % 500));
  }
  now().set("large", pattern(400'000));
  options_.recovery_threads = 4;
  restart();
  EXPECT_EQ(report().items, 5001U);
  for (size_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(now().get(numbered("key", i)), pattern(i % 500)) << i;
  }
  EXPECT_TRUE(now().get("large") == pattern(400'000));
}

TEST_F(ARecovery, TheLastOfManyWritesWins) {
  for (size_t round = 0; round < 50; ++round) {
    for (size_t i = 0; i < 20; ++i) {
      now().set(numbered("key", i), numbered("value", round * 100 + i));
    }
    now().thread->quiesce();
  }
  restart();
  EXPECT_EQ(report().items, 20U);
  EXPECT_EQ(report().replaced, 0U);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(now().get(numbered("key", i)), numbered("value", 4900 + i));
  }
}

TEST_F(ARecovery, DeletedIsDeleted) {
  now().set("gone", "value");
  now().set("here", "value");
  now().remove("gone");
  restart();
  EXPECT_FALSE(now().has("gone"));
  EXPECT_TRUE(now().has("here"));
  EXPECT_EQ(report().items, 1U);
}

TEST_F(ARecovery, WhatExpiredWhileDownIsGone) {
  const UnixSeconds time = now().clock.now();
  now().set("soon", "value", time + kHour);
  now().set("later", "value", time + 3 * kHour);
  now().set("never", "value");
  restart(2 * kHour);
  EXPECT_EQ(report().expired, 1U);
  EXPECT_EQ(report().items, 2U);
  EXPECT_EQ(now().find("soon").miss, Miss::absent);
  EXPECT_TRUE(now().has("later"));
  EXPECT_TRUE(now().has("never"));
  now().clock.advance(2 * kHour);
  EXPECT_EQ(now().find("later").miss, Miss::expired) << "recovered with its expiry";
}

TEST_F(ARecovery, ATouchedExpiryCounts) {
  const UnixSeconds time = now().clock.now();
  now().set("shorter", "value", time + 3 * kHour);
  now().set("longer", "value", time + kHour);
  const auto touch = [&](std::string_view key, UnixSeconds exptime) {
    now().store->touch(*now().thread, key, hash_key(key), exptime, Access::mark);
  };
  touch("shorter", time + kHour);
  touch("longer", time + 3 * kHour);
  restart(2 * kHour);
  EXPECT_FALSE(now().has("shorter"));
  EXPECT_TRUE(now().has("longer"));
}

// The clock was set back while nobody ran: what had expired must not come back.
TEST_F(ARecovery, TimeNotedAheadOfTheClockCounts) {
  const UnixSeconds time = now().clock.now();
  now().set("key", "value", time + kHour);
  now().set("other", "value", time + 3 * kHour);
  now().clock.advance(2 * kHour);
  now().maintain();
  ASSERT_EQ(Superblock::noted_time(region().bytes()), now().clock.now());
  restart();
  EXPECT_FALSE(now().has("key"));
  EXPECT_TRUE(now().has("other"));
}

TEST_F(ARecovery, FlushedIsFlushed) {
  now().set("before", "value");
  now().store->flush_all(*now().thread, 0);
  now().set("after", "value");
  restart();
  EXPECT_FALSE(now().has("before"));
  EXPECT_TRUE(now().has("after"));
  EXPECT_EQ(report().items, 1U);
}

TEST_F(ARecovery, AFlushToComeComes) {
  now().set("key", "value");
  now().store->flush_all(*now().thread, now().clock.now() + kHour);
  restart();
  EXPECT_TRUE(now().has("key"));
  now().clock.advance(2 * kHour);
  EXPECT_EQ(now().find("key").miss, Miss::flushed);
  now().set("key", "new");
  EXPECT_TRUE(now().has("key"));
}

TEST_F(ARecovery, AFlushDueWhileDownHasCome) {
  for (const bool graceful : {false, true}) {
    now().set("key", "value");
    now().store->flush_all(*now().thread, now().clock.now() + kHour);
    graceful ? stop() : crash();
    start(2 * kHour);
    EXPECT_FALSE(now().has("key")) << graceful;
    now().set("key", "value");
    EXPECT_TRUE(now().has("key"));
    restart(3 * kHour);
    EXPECT_TRUE(now().has("key")) << "it comes once";
    restart();
  }
}

TEST_F(ARecovery, ChainsComeBackWhole) {
  now().set("two", pattern(60'000, 1));
  now().set("many", pattern(777'777, 2));
  now().set("overwritten", pattern(300'000, 3));
  now().set("overwritten", pattern(200'000, 4));
  now().set("small now", pattern(300'000, 5));
  now().set("small now", "small");
  now().set("deleted", pattern(300'000, 6));
  now().remove("deleted");
  restart();
  EXPECT_EQ(report().items, 4U);
  EXPECT_TRUE(now().get("two") == pattern(60'000, 1));
  EXPECT_TRUE(now().get("many") == pattern(777'777, 2));
  EXPECT_TRUE(now().get("overwritten") == pattern(200'000, 4));
  EXPECT_EQ(now().get("small now"), "small");
  EXPECT_FALSE(now().has("deleted"));
  EXPECT_EQ(report().damaged, 0U);
}

TEST_F(ARecovery, FlagsMarksAndCasStay) {
  const Written plain = now().write({.key = "plain", .client_flags = 0xdeadbeef}, "v", {});
  now().set("won", "v", 0, {.won = true});
  now().set("stale", "v");
  now().store->invalidate(*now().thread, "stale", hash_key("stale"), {});
  const uint64_t stale_cas = now().find("stale").item->cas();
  restart();
  EXPECT_EQ(now().find("plain").item->client_flags(), 0xdeadbeefU);
  EXPECT_EQ(now().find("plain").item->cas(), plain.cas);
  EXPECT_FALSE(now().find("plain").item->won());
  EXPECT_TRUE(now().find("won").item->won());
  EXPECT_FALSE(now().find("won").item->stale());
  EXPECT_TRUE(now().find("stale").item->stale());
  EXPECT_EQ(now().find("stale").item->cas(), stale_cas);
}

TEST_F(ARecovery, AWinStaysWon) {
  now().set("stale", "v");
  now().store->invalidate(*now().thread, "stale", hash_key("stale"), {});
  ASSERT_TRUE(now().store->try_win(*now().find("stale").item));
  restart();
  EXPECT_FALSE(now().store->try_win(*now().find("stale").item));
}

TEST_F(ARecovery, CasNeverGoesBack) {
  uint64_t last = 0;
  for (int round = 0; round < 6; ++round) {
    const uint64_t cas = now().set("key", "value").cas;
    EXPECT_GT(cas, last);
    last = cas;
    round % 2 == 0 ? crash() : stop();
    start();
  }
}

TEST_F(ARecovery, CasDoesNotGoBackBehindWhatIsGone) {
  options_.cas_reserve = 4;  // so that it is set aside again and again
  uint64_t last = 0;
  for (size_t i = 0; i < 100; ++i) {
    last = now().set("key", "value").cas;
    now().remove("key");
    if (i % 7 == 0) {
      restart();
    }
  }
  restart();
  EXPECT_GT(now().set("key", "value").cas, last);
}

TEST_F(ARecovery, AChosenCasStaysAndDoesNotMoveTheStores) {
  now().set("low", "value", 0, {.cas_new = 5});
  now().set("high", "value", 0, {.cas_new = ~uint64_t{0}});
  const uint64_t last = now().set("plain", "value").cas;
  stop();
  start();
  EXPECT_EQ(now().find("low").item->cas(), 5U);
  EXPECT_EQ(now().find("high").item->cas(), ~uint64_t{0});
  EXPECT_EQ(now().get("high"), "value");
  EXPECT_EQ(now().set("plain", "value").cas, last + 1);
}

TEST_F(ARecovery, AChosenCasDoesNotEscapeAFlush) {
  now().set("high", "value", 0, {.cas_new = ~uint64_t{0}});
  now().store->flush_all(*now().thread, 0);
  now().set("low", "value", 0, {.cas_new = 1});
  restart();
  EXPECT_FALSE(now().has("high"));
  EXPECT_TRUE(now().has("low"));
}

TEST_F(ARecovery, TheStoreWorksOnAfterwards) {
  for (size_t round = 0; round < 5; ++round) {
    for (size_t i = 0; i < 4000; ++i) {
      const size_t number = round * 4000 + i;
      ASSERT_EQ(now().set(numbered("key", number), pattern(number % 3000)).outcome,
                Outcome::stored);
      if (i % 100 == 0) {
        now().maintain();
      }
    }
    const uint64_t items = now().store->stats().items;
    restart();
    EXPECT_EQ(report().items, items) << round;
    EXPECT_EQ(report().damaged + report().damaged_pages + report().replaced, 0U) << round;
    ASSERT_TRUE(now().has(numbered("key", round * 4000 + 3999)));
  }
}

}  // namespace
}  // namespace ember::storage
