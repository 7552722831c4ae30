// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/index_entry.h"

#include <gtest/gtest.h>

namespace ember::storage {
namespace {

constexpr Hash kHash = 0xfedcba9876543210;
constexpr UnixSeconds kNow = 1'700'000'000;

TEST(IndexEntry, KeepsItsFieldsApart) {
  for (const uint64_t offset : {uint64_t{8}, uint64_t{64}, IndexEntry::kMaxOffset}) {
    const IndexEntry entry = IndexEntry::make(kHash, offset, kNow);
    EXPECT_EQ(entry.offset(), offset);
    EXPECT_TRUE(entry.tag_matches(kHash));
    EXPECT_EQ(entry.idle_seconds(kNow), 0U);
    EXPECT_FALSE(entry.fetched());
    EXPECT_EQ(entry.frequency(), 0U);
    EXPECT_FALSE(entry.empty());
    EXPECT_EQ(IndexEntry(entry.bits()).offset(), offset);
  }
}

TEST(IndexEntry, ChangesOneFieldAtATime) {
  const IndexEntry entry = IndexEntry::make(kHash, 4096, kNow).used(kNow).used(kNow);
  ASSERT_EQ(entry.frequency(), 2U);
  const IndexEntry moved = entry.with_offset(IndexEntry::kMaxOffset);
  EXPECT_EQ(moved.offset(), IndexEntry::kMaxOffset);
  EXPECT_EQ(moved.with_offset(4096).bits(), entry.bits());
  for (unsigned frequency = 0; frequency <= IndexEntry::kMaxFrequency; ++frequency) {
    const IndexEntry other = entry.with_frequency(frequency);
    EXPECT_EQ(other.frequency(), frequency);
    EXPECT_EQ(other.with_frequency(2).bits(), entry.bits());
  }
  const IndexEntry idle = entry.with_idle(kNow, IndexEntry::kMaxIdle);
  EXPECT_EQ(idle.idle_seconds(kNow), IndexEntry::kMaxIdle);
  EXPECT_EQ(idle.with_idle(kNow, 0).bits(), entry.bits());
}

TEST(IndexEntry, MatchesByTheTopTenBits) {
  const IndexEntry entry = IndexEntry::make(kHash, 8, kNow);
  EXPECT_TRUE(entry.tag_matches(kHash ^ 0x3fffffffffffff));
  for (unsigned bit = 54; bit < 64; ++bit) {
    EXPECT_FALSE(entry.tag_matches(kHash ^ uint64_t{1} << bit)) << bit;
  }
}

TEST(IndexEntry, AnEmptyOneMatchesNothing) {
  EXPECT_TRUE(IndexEntry().empty());
  EXPECT_FALSE(IndexEntry().tag_matches(0));
}

TEST(IndexEntry, FrequencySaturatesAndReadingIsNoted) {
  IndexEntry entry = IndexEntry::make(kHash, 8, kNow);
  for (const unsigned expected : {1U, 2U, 3U, 3U, 3U}) {
    entry = entry.used(kNow);
    EXPECT_TRUE(entry.fetched());
    EXPECT_EQ(entry.frequency(), expected);
    EXPECT_EQ(entry.offset(), 8U);
    EXPECT_TRUE(entry.tag_matches(kHash));
  }
}

TEST(IndexEntry, AReadChangesASaturatedEntryOnceAMinuteOnly) {
  IndexEntry entry = IndexEntry::make(kHash, 8, kNow).used(kNow).used(kNow).used(kNow);
  EXPECT_EQ(entry.used(kNow + 59).bits(), entry.bits());
  const IndexEntry later = entry.used(kNow + 60);
  EXPECT_NE(later.bits(), entry.bits());
  EXPECT_EQ(later.idle_seconds(kNow + 60), 0U);
  // One that changes anyhow takes the time along.
  const IndexEntry rare = IndexEntry::make(kHash, 8, kNow).used(kNow + 7);
  EXPECT_EQ(rare.idle_seconds(kNow + 7), 0U);
}

TEST(IndexEntry, TheClockRunsAcrossItsEnd) {
  constexpr UnixSeconds kEnd = (kNow | 0x7fff) - 3;  // four seconds before it wraps
  const IndexEntry entry = IndexEntry::make(kHash, 8, kEnd);
  for (const uint32_t seconds : {0U, 1U, 4U, 100U, IndexEntry::kMaxIdle, 32767U}) {
    EXPECT_EQ(entry.idle_seconds(kEnd + seconds), seconds);
  }
  EXPECT_EQ(entry.idle_seconds(kEnd + 32768), 0U);  // why the janitor stops clocks
  EXPECT_EQ(entry.used(kEnd + 1000).idle_seconds(kEnd + 1000), 0U);
}

}  // namespace
}  // namespace ember::storage
