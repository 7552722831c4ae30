// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/superblock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "storage/region/dram_region.h"
#include "tests/unit/storage/persistent_region.h"

namespace ember::storage {
namespace {

using Kind = SuperblockFinding::Kind;

/// Another's memory as persistent memory; tells of the first flush.
class WatchedRegion final : public MemoryRegion, private Persist {
 public:
  WatchedRegion(MemoryRegion& region, std::function<void(size_t)> at_flush)
      : region_(region), at_flush_(std::move(at_flush)) {}
  std::span<std::byte> bytes() override { return region_.bytes(); }
  Persist* persist() override { return this; }

 private:
  void flush(std::span<const std::byte> range) override {
    if (auto tell = std::exchange(at_flush_, nullptr)) {
      tell(static_cast<size_t>(range.data() - bytes().data()));
    }
  }
  void fence() override {}

  MemoryRegion& region_;
  std::function<void(size_t)> at_flush_;
};

class ASuperblock : public testing::Test {
 protected:
  void write(uint64_t run, uint64_t cas) {
    Superblock block(region_);
    block.record.page_size = 65536;
    block.record.file_id = 7;
    block.record.arena_size = kMiB;
    block.record.run = run;
    block.record.cas = cas;
    block.write();
  }
  SuperblockFinding find() { return Superblock::find(region_.bytes()); }
  std::vector<std::byte> copy(size_t place) {
    const auto bytes = region_.bytes().subspan(place, sizeof(SuperblockRecord));
    return {bytes.begin(), bytes.end()};
  }
  void put(size_t place, std::span<const std::byte> bytes) {
    std::ranges::copy(bytes, region_.bytes().begin() + static_cast<ptrdiff_t>(place));
  }

  PersistentRegion region_{kMiB};
};

TEST_F(ASuperblock, IsReadAsItWasWritten) {
  write(3, 99);
  const auto finding = find();
  ASSERT_EQ(finding.kind, Kind::found);
  EXPECT_EQ(finding.record.run, 3U);
  EXPECT_EQ(finding.record.cas, 99U);
  EXPECT_EQ(finding.record.file_id, 7U);
  EXPECT_EQ(finding.record.arena_size, kMiB);
}

TEST_F(ASuperblock, StandsTwiceInAPageOfItsOwn) {
  write(3, 99);
  EXPECT_EQ(copy(0), copy(Superblock::kSecondCopy));
  const auto bytes = region_.bytes();
  const auto zero = [](std::byte b) { return b == std::byte{0}; };
  EXPECT_TRUE(std::all_of(bytes.begin() + sizeof(SuperblockRecord),
                          bytes.begin() + Superblock::kSecondCopy, zero));
  EXPECT_TRUE(std::all_of(bytes.begin() + Superblock::kSecondCopy + sizeof(SuperblockRecord),
                          bytes.end(), zero));
}

// A write that is cut off has left a beginning of the first copy, or all of it and a beginning of
// the second, in lines of 8 bytes in any state.
TEST_F(ASuperblock, CutOffAnywhereIsTheOldOneOrTheNewOne) {
  write(3, 99);
  const auto before = copy(0);
  write(4, 100);
  const auto after = copy(0);
  for (const size_t torn : {size_t{0}, Superblock::kSecondCopy}) {
    for (size_t written = 0; written <= sizeof(SuperblockRecord); written += 8) {
      put(0, torn == 0 ? before : after);
      put(Superblock::kSecondCopy, before);
      put(torn, std::span(after).first(written));
      const auto finding = find();
      ASSERT_EQ(finding.kind, Kind::found) << torn << " + " << written;
      const bool done = torn != 0 || written == sizeof(SuperblockRecord);
      EXPECT_EQ(finding.record.run, done ? 4U : 3U) << torn << " + " << written;
      EXPECT_EQ(finding.record.cas, done ? 100U : 99U) << torn << " + " << written;
    }
  }
}

TEST_F(ASuperblock, AnUpdateWithinARunIsTakenFromTheCopyWrittenFirst) {
  write(3, 99);
  const auto before = copy(0);
  write(3, 100);
  put(Superblock::kSecondCopy, before);
  EXPECT_EQ(find().record.cas, 100U);
}

// As a write leaves it that is cut off, and the next after it: at no moment both are damaged.
TEST_F(ASuperblock, IsWrittenWhereItIsDamagedFirst) {
  for (const size_t damaged : {size_t{0}, Superblock::kSecondCopy}) {
    const size_t other = damaged == 0 ? Superblock::kSecondCopy : 0;
    write(3, 99);
    region_.flip(damaged + 8);
    const auto at_flush = [&](size_t place) {
      EXPECT_EQ(place, damaged);
      const auto now = copy(other);
      EXPECT_EQ(load_unaligned<SuperblockRecord>(now.data()).cas, 99U)
          << "untouched until the damaged is whole";
    };
    WatchedRegion watched(region_, at_flush);
    Superblock block(watched);
    block.record = find().record;
    block.record.cas = 100;
    block.write();
    EXPECT_EQ(find().record.cas, 100U);
    EXPECT_EQ(copy(0), copy(Superblock::kSecondCopy));
  }
}

TEST_F(ASuperblock, OfTwoSoundCopiesTheOneWrittenLaterCounts) {
  write(3, 99);
  Superblock block(region_);
  block.record = find().record;
  block.record.cas = 100;
  const auto before = copy(0);
  block.write();
  const auto after = copy(0);
  for (const size_t newer : {size_t{0}, Superblock::kSecondCopy}) {
    put(newer, after);
    put(newer == 0 ? Superblock::kSecondCopy : 0, before);
    EXPECT_EQ(find().record.cas, 100U) << newer;
  }
}

TEST_F(ASuperblock, EveryFlippedBitOfOneCopyIsNoticed) {
  write(3, 99);
  for (const size_t place : {size_t{0}, Superblock::kSecondCopy}) {
    const size_t other = place == 0 ? Superblock::kSecondCopy : 0;
    const auto whole = copy(other);
    region_.fill(other, sizeof(SuperblockRecord), 0);
    for (size_t bit = 0; bit < sizeof(SuperblockRecord) * 8; ++bit) {
      region_.flip(place + bit / 8, bit % 8);
      EXPECT_NE(find().kind, Kind::found) << place << " bit " << bit;
      EXPECT_NE(find().kind, Kind::blank) << place << " bit " << bit;
      put(other, whole);
      EXPECT_EQ(find().kind, Kind::found) << place << " bit " << bit;
      EXPECT_EQ(find().record.cas, 99U) << place << " bit " << bit;
      region_.fill(other, sizeof(SuperblockRecord), 0);
      region_.flip(place + bit / 8, bit % 8);
    }
    put(other, whole);
  }
}

TEST_F(ASuperblock, ZerosAreANewFile) { EXPECT_EQ(find().kind, Kind::blank); }

TEST_F(ASuperblock, OneByteAnywhereInItsPageIsNoNewFile) {
  for (const size_t place :
       {size_t{0}, size_t{255}, size_t{256}, size_t{4095}, size_t{8192}, Superblock::kSize - 1}) {
    region_.flip(place);
    EXPECT_EQ(find().kind, Kind::foreign) << place;
    region_.flip(place);
  }
  region_.flip(Superblock::kSize);
  EXPECT_EQ(find().kind, Kind::blank);
}

TEST_F(ASuperblock, NoiseIsForeign) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    std::ranges::generate(region_.bytes().first(Superblock::kSize),
                          [&] { return static_cast<std::byte>(random()); });
    EXPECT_EQ(find().kind, Kind::foreign);
  }
}

TEST_F(ASuperblock, ANewerFormatIsSaidToBeOneWhateverItsChecksum) {
  write(3, 99);
  const uint32_t newer = kMediaFormat + 1;
  region_.write(offsetof(SuperblockRecord, format), newer);
  region_.write(Superblock::kSecondCopy + offsetof(SuperblockRecord, format), newer);
  EXPECT_EQ(find().kind, Kind::newer);
}

TEST_F(ASuperblock, OfAnOlderFormatIsForeign) {
  write(3, 99);
  for (const size_t place : {size_t{0}, Superblock::kSecondCopy}) {
    region_.write(place + offsetof(SuperblockRecord, format), kMediaFormat - 1);
  }
  EXPECT_EQ(find().kind, Kind::foreign);
}

TEST_F(ASuperblock, TimeIsNotedAndDoubted) {
  EXPECT_EQ(Superblock::noted_time(region_.bytes()), 0U);
  Superblock::note_time(region_, 1'800'000'000);
  EXPECT_EQ(Superblock::noted_time(region_.bytes()), 1'800'000'000U);
  for (size_t bit = 0; bit < 64; ++bit) {
    region_.flip(Superblock::kTimePlace + bit / 8, bit % 8);
    EXPECT_EQ(Superblock::noted_time(region_.bytes()), 0U) << bit;
    region_.flip(Superblock::kTimePlace + bit / 8, bit % 8);
  }
}

TEST_F(ASuperblock, NotingTheTimeLeavesTheRecordAlone) {
  write(3, 99);
  Superblock::note_time(region_, 1'800'000'000);
  EXPECT_EQ(find().kind, Kind::found);
  write(4, 100);
  EXPECT_EQ(Superblock::noted_time(region_.bytes()), 1'800'000'000U);
}

TEST(SuperblockOnPersistentMemory, EachCopyIsDurableBeforeTheNextIsBegun) {
  class Watching final : public Persist {
   public:
    explicit Watching(std::span<std::byte> bytes) : bytes_(bytes) {}
    void flush(std::span<const std::byte> range) override {
      const auto place = static_cast<size_t>(range.data() - bytes_.data());
      EXPECT_EQ(range.size(), sizeof(SuperblockRecord));
      places.push_back(place);
      if (place == 0) {
        EXPECT_EQ(load_unaligned<uint64_t>(bytes_.data() + Superblock::kSecondCopy), 0U)
            << "not begun yet";
      }
    }
    void fence() override { fenced.push_back(places.size()); }
    std::vector<size_t> places, fenced;

   private:
    std::span<std::byte> bytes_;
  };
  class Watched final : public MemoryRegion {
   public:
    std::span<std::byte> bytes() override { return memory_->bytes(); }
    Persist* persist() override { return &watching; }

   private:
    std::unique_ptr<MemoryRegion> memory_ = *open_dram_region({.size = kMiB});

   public:
    Watching watching{memory_->bytes()};
  };
  Watched region;
  Superblock(region).write();
  EXPECT_EQ(region.watching.places, (std::vector<size_t>{0, Superblock::kSecondCopy}));
  EXPECT_EQ(region.watching.fenced, (std::vector<size_t>{1, 2}));
}

TEST(BootId, IsTheSystemsAndStays) {
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_NE(boot_id(), BootId{}) << "/proc/sys/kernel/random/boot_id cannot be read";
}

TEST(RandomId, IsNeverTheSame) { EXPECT_NE(random_id(), random_id()); }

}  // namespace
}  // namespace ember::storage
