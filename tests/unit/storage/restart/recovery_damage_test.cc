// SPDX-License-Identifier: BSD-3-Clause
// What recovery (storage/restart/recovery.h) makes of regions that are not as they were left.
#include <algorithm>
#include <random>

#include "storage/item/item_writer.h"
#include "storage/media/superblock.h"
#include "storage/slab/page_table.h"
#include "tests/unit/storage/reopened_store.h"

namespace ember::storage {
namespace {

using Source = RecoveryReport::Source;

class RecoveryOfDamage : public ReopenedStore {
 protected:
  size_t page_size() { return region().read<SuperblockRecord>(0).page_size; }
  size_t page_of(size_t place) { return place / page_size() * page_size(); }
  void set_many(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      now().set(numbered("key", i), pattern(200, static_cast<unsigned>(i)));
    }
  }
  size_t count_sound(size_t count) {
    size_t sound = 0;
    for (size_t i = 0; i < count; ++i) {
      const auto value = now().get(numbered("key", i));
      EXPECT_TRUE(!value || value == pattern(200, static_cast<unsigned>(i))) << i;
      sound += value ? 1U : 0U;
    }
    return sound;
  }
  void make_live(size_t place) { region().flip(place + 21, 2); }
};

TEST_F(RecoveryOfDamage, OneItemDamagedIsOneItemLost) {
  set_many(100);
  region().flip(place_of("key50") + Item::kHeaderSize);
  restart();
  EXPECT_EQ(report().damaged, 1U);
  EXPECT_EQ(report().items, 99U);
  EXPECT_FALSE(now().has("key50"));
  EXPECT_EQ(count_sound(100), 99U);
  restart();
  EXPECT_EQ(report().damaged, 0U) << "it was cleared away";
}

TEST_F(RecoveryOfDamage, OnePageHeaderDamagedIsOnePageLost) {
  set_many(3000);
  const size_t page = page_of(place_of("key0"));
  for (const unsigned byte : {0U, 8U, 12U, 16U, 20U, 24U, 32U}) {
    const auto image = region().image();
    region().flip(page + byte);
    restart();
    EXPECT_EQ(report().damaged_pages, 1U) << byte;
    EXPECT_LT(report().items, 3000U) << byte;
    EXPECT_GT(report().items, 2000U) << byte;
    EXPECT_EQ(count_sound(3000), report().items) << byte;
    crash();
    region_ = std::make_unique<PersistentRegion>(image, kSize);
    start();
    EXPECT_EQ(report().items, 3000U);
  }
}

TEST_F(RecoveryOfDamage, ALostPageIsUsedAgain) {
  set_many(3000);
  const size_t page = page_of(place_of("key0"));
  const size_t free_pages = now().store->stats().pages_free;
  region().flip(page);
  restart();
  EXPECT_EQ(now().store->stats().pages_free, free_pages + 1);
  set_many(3000);
  EXPECT_EQ(count_sound(3000), 3000U);
  restart();
  EXPECT_EQ(report().items, 3000U);
  EXPECT_EQ(report().damaged + report().damaged_pages, 0U);
}

TEST_F(RecoveryOfDamage, ThePagesOfAnotherFileAreNotTaken) {
  set_many(1000);
  PersistentRegion other(kSize);
  OpenedStore theirs({.memory_limit = kSize}, other);
  for (size_t i = 0; i < 1000; ++i) {
    theirs.set(numbered("their", i), pattern(200));
  }
  const size_t page = page_of(place_of("key0"));
  std::ranges::copy(other.bytes().subspan(page, page_size()),
                    region().bytes().begin() + static_cast<ptrdiff_t>(page));
  restart();
  EXPECT_EQ(report().damaged_pages, 1U);
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(now().has(numbered("their", i)));
  }
}

TEST_F(RecoveryOfDamage, APageInAnotherPlaceIsNotTaken) {
  set_many(1000);
  const size_t page = page_of(place_of("key0"));
  const size_t elsewhere = kSize - page_size();
  std::ranges::copy(region().bytes().subspan(page, page_size()),
                    region().bytes().begin() + static_cast<ptrdiff_t>(elsewhere));
  restart();
  EXPECT_EQ(report().damaged_pages, 1U);
  EXPECT_EQ(report().items, 1000U);
  EXPECT_EQ(report().replaced, 0U);
}

// A crash between the new item's seal and the old one's end.
TEST_F(RecoveryOfDamage, OfTwoLiveVersionsTheNewerWins) {
  for (const size_t old_size : {size_t{10}, size_t{500}, size_t{200'000}}) {
    for (const size_t new_size : {size_t{10}, size_t{500}, size_t{200'000}}) {
      now().set("key", pattern(old_size, 1));
      const size_t before = place_of("key");
      now().set("key", pattern(new_size, 2));
      ASSERT_NE(place_of("key"), before);
      make_live(before);
      restart();
      EXPECT_TRUE(now().get("key") == pattern(new_size, 2)) << old_size << " " << new_size;
      EXPECT_EQ(report().replaced, 1U) << old_size << " " << new_size;
      EXPECT_EQ(report().items, 1U);
      restart();
      EXPECT_EQ(report().replaced, 0U) << old_size << " " << new_size;
      EXPECT_TRUE(now().get("key") == pattern(new_size, 2)) << old_size << " " << new_size;
    }
  }
}

TEST_F(RecoveryOfDamage, TheNewerIsTheOneWrittenLaterWhateverCasItWasGiven) {
  now().set("key", "older", 0, {.cas_new = 1'000'000});
  const size_t before = place_of("key");
  now().set("key", "newer", 0, {.cas_new = 3});
  make_live(before);
  restart();
  EXPECT_EQ(now().get("key"), "newer");
  EXPECT_EQ(now().find("key").item->cas(), 3U);
}

// The chain's table is sealed, but a part lies where no part can.
TEST_F(RecoveryOfDamage, AChainWithoutItsPartsIsLost) {
  now().set("chain", pattern(300'000));
  now().set("other", "value");
  const Item& item = *now().find("chain").item;
  const auto part = load_unaligned<uint64_t>(item.body());
  region().fill(page_of(part), sizeof(PageHeader), 0);
  restart();
  EXPECT_FALSE(now().has("chain"));
  EXPECT_TRUE(now().has("other"));
  EXPECT_EQ(report().damaged, 1U);
  set_many(2000);
  EXPECT_EQ(count_sound(2000), 2000U);
}

// A value may look like anything, even like an item sealed for the very chunk it lies in.
TEST_F(RecoveryOfDamage, AValueThatLooksLikeAnItemIsAValue) {
  for (const size_t part : {size_t{0}, size_t{3}}) {
    crash();
    region_ = std::make_unique<PersistentRegion>(kSize);
    start();
    now().set("chain", pattern(300'000));
    const Item& item = *now().find("chain").item;
    const auto offset = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
    const ItemPlan plan{.key = "phantom", .hash = hash_key("phantom"), .value_size = 100};
    Item* const phantom = ItemWriter::prepare(region().bytes().data() + offset, plan);
    ItemWriter::seal(phantom, plan,
                     {.cas = 1U << 30,
                      .sequence = 1U << 30,
                      .offset = offset,
                      .salt = region().read<SuperblockRecord>(0).file_id});
    const std::string value = now().value_of(item);
    restart();
    EXPECT_FALSE(now().has("phantom"));
    EXPECT_TRUE(now().get("chain") == value);
    EXPECT_EQ(report().items, 1U);
    EXPECT_EQ(report().damaged, 0U);
    EXPECT_EQ(now().sum().items, 1U);
  }
}

TEST_F(RecoveryOfDamage, OneCopyOfTheSuperblockIsEnough) {
  set_many(100);
  for (const size_t place : {size_t{0}, Superblock::kSecondCopy}) {
    crash();
    region().fill(place, sizeof(SuperblockRecord), 0xaa);
    start();
    EXPECT_EQ(report().items, 100U) << place;
  }
}

TEST_F(RecoveryOfDamage, WithoutASuperblockItStartsEmptyAndStaysSo) {
  set_many(100);
  crash();
  region().fill(0, Superblock::kSize, 0xaa);
  start();
  EXPECT_EQ(report().source, Source::cold);
  EXPECT_NE(report().reason.find("superblock"), std::string::npos);
  EXPECT_EQ(report().items, 0U);
  EXPECT_EQ(count_sound(100), 0U);
  now().set("new", "value");
  restart();
  EXPECT_EQ(report().items, 1U) << "nothing old comes back later";
  EXPECT_TRUE(now().has("new"));
}

TEST_F(RecoveryOfDamage, StrictRefusesWhatCannotBeTakenOver) {
  set_many(100);
  crash();
  const auto image = region().image();
  const Clock clock;
  StoreOptions strict = options_;
  strict.strict = true;
  EXPECT_TRUE(Store::open(strict, region(), clock));
  PersistentRegion blank(kSize);
  EXPECT_TRUE(Store::open(strict, blank, clock));
  PersistentRegion noise(kSize);
  noise.fill(0, kSize, 0x11);
  PersistentRegion newer(image, kSize);
  newer.write(offsetof(SuperblockRecord, format), kMediaFormat + 1);
  newer.write(Superblock::kSecondCopy + offsetof(SuperblockRecord, format), kMediaFormat + 1);
  for (PersistentRegion* const region : {&noise, &newer}) {
    const auto before = region->image();
    const auto refused = Store::open(strict, *region, clock);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("--memory-file-strict"), std::string::npos);
    EXPECT_EQ(region->image(), before) << "what is refused is left as it is";
  }
}

TEST_F(RecoveryOfDamage, RandomBytesAnywhereLoseOnlyWhatTheyHit) {
  set_many(3000);
  now().set("chain", pattern(300'000));
  const auto image = region().image();
  std::mt19937_64 random(4);
  for (int round = 0; round < 40; ++round) {
    crash();
    region_ = std::make_unique<PersistentRegion>(image, kSize);
    for (int hit = 0; hit < 20; ++hit) {
      const size_t size = 1 + random() % 64;
      const size_t place = Superblock::kSize + random() % (kSize - Superblock::kSize - size);
      region().fill(place, size, static_cast<int>(random() % 256));
    }
    start();
    EXPECT_GT(report().items, 1000U);
    // A value's bytes are not sealed: only keys and headers are judged here.
    for (size_t i = 0; i < 3000; ++i) {
      const Found found = now().find(numbered("key", i));
      EXPECT_TRUE(!found || found.item->value_size() == 200) << i;
    }
    set_many(500);
    EXPECT_EQ(count_sound(500), 500U);
  }
}

}  // namespace
}  // namespace ember::storage
