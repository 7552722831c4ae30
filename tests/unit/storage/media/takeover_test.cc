// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/takeover.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "storage/region/dram_region.h"
#include "storage/slab/page_table.h"
#include "tests/unit/storage/persistent_region.h"

namespace ember::storage {
namespace {

constexpr UnixSeconds kStart = 1'800'000'000;
constexpr size_t kArenaSize = 4 * kMiB;

class ATakeover : public testing::Test {
 protected:
  using Change = std::function<void(SuperblockRecord&)>;

  /// A region as a process of this boot, in use, left it; but for `change`.
  static void leave(PersistentRegion& region, const Change& change) {
    Superblock block(region);
    block.record.page_size = 65536;
    block.record.file_id = 7;
    block.record.arena_size = kArenaSize;
    block.record.state = SuperblockRecord::running;
    block.record.media = SuperblockRecord::page_cache;
    block.record.boot_id = boot_id();
    block.record.written = kStart - 100;
    block.record.cas = 4711;
    if (change) {
      change(block.record);
    }
    block.write();
  }
  static Takeover judge(const Change& change = {},
                        PersistentRegion::Media media = PersistentRegion::page_cache) {
    PersistentRegion region(kArenaSize, media);
    leave(region, change);
    return judge_region(region, kStart);
  }
};

/// A row of the table "what comes back, by how it stopped".
struct Cell {
  bool stopped;
  bool flushed;   // it was on persistent memory
  bool rebooted;  // the host, since
  bool synced;
  bool warm;
};

class EveryCell : public ATakeover, public testing::WithParamInterface<Cell> {};

TEST_P(EveryCell, ComesBackOrTellsWhyNot) {
  const Cell& cell = GetParam();
  const auto change = [&](SuperblockRecord& record) {
    record.state = cell.stopped ? SuperblockRecord::stopped : SuperblockRecord::running;
    record.media = cell.flushed ? SuperblockRecord::flushed : SuperblockRecord::page_cache;
    record.synced = cell.synced ? 1 : 0;
    if (cell.rebooted) {
      record.boot_id[3] = static_cast<char>(record.boot_id[3] ^ 1);
    }
  };
  for (const auto now : {PersistentRegion::page_cache, PersistentRegion::persistent_memory}) {
    const Takeover takeover = judge(change, now);
    EXPECT_EQ(takeover.warm, cell.warm);
    EXPECT_FALSE(takeover.blank);
    EXPECT_TRUE(takeover.ours);
    EXPECT_EQ(takeover.reason.empty(), cell.warm) << takeover.reason;
    EXPECT_EQ(takeover.graceful, cell.stopped);
    EXPECT_EQ(takeover.record.file_id == 7, cell.warm);
    EXPECT_EQ(takeover.record.cas, cell.warm ? 4711U : 0U);
    if (!cell.warm) {
      EXPECT_TRUE(takeover.reason.contains(cell.stopped ? "the host was restarted after the stop"
                                                        : "the host went down while"))
          << takeover.reason;
      EXPECT_TRUE(takeover.reason.contains(
          now == PersistentRegion::page_cache ? "--memory-file-sync" : "from now on"))
          << takeover.reason;
    }
  }
}

constexpr bool kStopped = true, kCrashed = false, kFlushed = true, kPageCache = false;
constexpr bool kRebooted = true, kSameBoot = false, kSynced = true, kWarm = true, kCold = false;

INSTANTIATE_TEST_SUITE_P(OfTheTable, EveryCell,
                         testing::Values(Cell{kStopped, kFlushed, kSameBoot, !kSynced, kWarm},
                                         Cell{kStopped, kFlushed, kRebooted, !kSynced, kWarm},
                                         Cell{kCrashed, kFlushed, kSameBoot, !kSynced, kWarm},
                                         Cell{kCrashed, kFlushed, kRebooted, !kSynced, kWarm},
                                         Cell{kStopped, kPageCache, kSameBoot, !kSynced, kWarm},
                                         Cell{kStopped, kPageCache, kSameBoot, kSynced, kWarm},
                                         Cell{kStopped, kPageCache, kRebooted, kSynced, kWarm},
                                         Cell{kStopped, kPageCache, kRebooted, !kSynced, kCold},
                                         Cell{kCrashed, kPageCache, kSameBoot, !kSynced, kWarm},
                                         Cell{kCrashed, kPageCache, kRebooted, !kSynced, kCold},
                                         // `synced` says something of a stop only.
                                         Cell{kCrashed, kPageCache, kRebooted, kSynced, kCold}));

TEST_F(ATakeover, OfANewFileIsColdAndSaysSo) {
  PersistentRegion region(kArenaSize);
  const Takeover takeover = judge_region(region, kStart);
  EXPECT_FALSE(takeover.warm);
  EXPECT_TRUE(takeover.blank);
  EXPECT_EQ(takeover.reason, "the file is new");
  EXPECT_EQ(takeover.record.page_size, page_size_for(kArenaSize));
  EXPECT_NE(takeover.record.file_id, 0U);
  EXPECT_NE(takeover.record.file_id, judge_region(region, kStart).record.file_id);
}

TEST_F(ATakeover, OfNoiseIsColdAndNotNew) {
  PersistentRegion region(kArenaSize);
  region.fill(0, kArenaSize, 0x5a);
  const Takeover takeover = judge_region(region, kStart);
  EXPECT_FALSE(takeover.warm);
  EXPECT_FALSE(takeover.blank);
  EXPECT_TRUE(takeover.reason.contains("superblock")) << takeover.reason;
}

TEST_F(ATakeover, OfANewerFormatIsColdAndNamesTheFormatKnown) {
  const Takeover takeover = judge([](SuperblockRecord& r) { r.format = kMediaFormat + 1; });
  EXPECT_FALSE(takeover.warm);
  EXPECT_FALSE(takeover.blank);
  EXPECT_TRUE(takeover.reason.contains("newer Ember")) << takeover.reason;
  EXPECT_TRUE(takeover.reason.contains(std::to_string(kMediaFormat))) << takeover.reason;
}

TEST_F(ATakeover, OfFiguresThatCannotBeIsCold) {
  const std::vector<Change> impossible = {
      [](SuperblockRecord& r) { r.page_size = 0; },
      [](SuperblockRecord& r) { r.page_size = 65535; },
      [](SuperblockRecord& r) { r.page_size = 3 * 65536; },
      [](SuperblockRecord& r) { r.page_size = kSmallestPage / 2; },
      [](SuperblockRecord& r) { r.page_size = kLargestPage * 2; },
      [](SuperblockRecord& r) { r.page_size = 1U << 31; },
      [](SuperblockRecord& r) { r.arena_size = kMiB + 1; },
      [](SuperblockRecord& r) { r.file_id = 0; },
      [](SuperblockRecord& r) { r.cas = ~uint64_t{0}; },
      [](SuperblockRecord& r) { r.flush_horizon = r.cas + 1; },
  };
  for (size_t i = 0; i < impossible.size(); ++i) {
    const Takeover takeover = judge(impossible[i]);
    EXPECT_FALSE(takeover.warm) << i;
    EXPECT_TRUE(takeover.reason.contains("figures")) << i << takeover.reason;
    EXPECT_EQ(takeover.record.page_size, page_size_for(kArenaSize)) << i;
  }
}

TEST_F(ATakeover, KeepsThePageSizeThatTheFileHas) {
  const Takeover takeover = judge([](SuperblockRecord& r) { r.page_size = 1U << 18; });
  EXPECT_TRUE(takeover.warm);
  EXPECT_EQ(takeover.record.page_size, 1U << 18);
}

TEST_F(ATakeover, TimeDoesNotGoBack) {
  PersistentRegion region(kArenaSize);
  leave(region, {});
  EXPECT_EQ(judge_region(region, kStart).noted, kStart);
  leave(region, [](SuperblockRecord& r) { r.written = kStart + 50; });
  EXPECT_EQ(judge_region(region, kStart).noted, kStart + 50);
  Superblock::note_time(region, kStart + 70);
  EXPECT_EQ(judge_region(region, kStart).noted, kStart + 70);
  Superblock::note_time(region, kStart + 10);
  EXPECT_EQ(judge_region(region, kStart).noted, kStart + 50);
}

TEST_F(ATakeover, OnlyReads) {
  PersistentRegion region(kArenaSize, PersistentRegion::persistent_memory);
  leave(region, {});
  const auto before = region.image();
  const uint64_t flushes = region.counts().flushes();
  judge_region(region, kStart);
  EXPECT_EQ(region.image(), before);
  EXPECT_EQ(region.counts().flushes(), flushes);
}

TEST_F(ATakeover, OfDramIsNeitherWarmNorNew) {
  const auto region = *open_dram_region({.size = kArenaSize});
  const Takeover takeover = judge_region(*region, kStart);
  EXPECT_FALSE(takeover.warm);
  EXPECT_FALSE(takeover.blank);
  EXPECT_TRUE(takeover.reason.empty());
  EXPECT_EQ(takeover.record.file_id, 0U);
  EXPECT_EQ(takeover.record.page_size, page_size_for(kArenaSize));
}

}  // namespace
}  // namespace ember::storage
