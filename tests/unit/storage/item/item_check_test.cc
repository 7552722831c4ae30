// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/item_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "storage/item/item_writer.h"

namespace ember::storage {
namespace {

using Verdict = ItemCheck::Verdict;

constexpr size_t kCheckedPartSize = 1000;
constexpr uint64_t kOffset = 4096 + 64;
constexpr uint64_t kSalt = 0x0123456789abcdef;

// Where the header's words stand (item.h).
constexpr size_t kExptime = 8, kSizeWord = 16, kSeal = 20;

/// A chunk on the heap, so that the address sanitizer knows its ends.
class ChunkOnHeap {
 public:
  explicit ChunkOnHeap(size_t size) : size_(size), words_(new uint64_t[size / 8]()) {}

  char* bytes() { return reinterpret_cast<char*>(words_.get()); }
  size_t size() const { return size_; }
  Item& item() { return *reinterpret_cast<Item*>(words_.get()); }
  void flip(size_t bit) { bytes()[bit / 8] = static_cast<char>(bytes()[bit / 8] ^ 1 << bit % 8); }

  ItemCheck check(uint64_t offset = kOffset, uint64_t salt = kSalt) {
    return check_item(
        item(), {.offset = offset, .size = size_, .salt = salt, .part_size = kCheckedPartSize});
  }
  Verdict verdict() { return check().verdict; }

  /// An item as the store makes one; the caller answers for its size.
  void put(const ItemPlan& asked, uint64_t cas = 77) {
    ItemPlan plan = asked;
    plan.hash = hash_key(plan.key);
    Item* item = ItemWriter::prepare(bytes(), plan);
    ItemWriter::seal(item, plan,
                     {.cas = cas,
                      .sequence = 78,
                      .offset = kOffset,
                      .salt = kSalt,
                      .part_size = kCheckedPartSize});
  }

 private:
  size_t size_;
  std::unique_ptr<uint64_t[]> words_;
};

const ItemPlan kPlain{.key = "a key", .client_flags = 5, .exptime = 60, .value_size = 9};

struct Form {
  bool chained;
  bool sequenced;
};

class ItemOfForm : public testing::TestWithParam<Form> {
 protected:
  static ItemPlan plan() {
    return {.key = "a key of an item",
            .client_flags = 0xdeadbeef,
            .exptime = 1'900'000'000,
            .value_size = GetParam().chained ? 2 * kCheckedPartSize + 1 : 30,
            .sequenced = GetParam().sequenced,
            .chained = GetParam().chained};
  }
  /// Header, sequence, key; and the table of a chained one.
  static size_t checked_size() {
    return ItemWriter::size_of(plan(), 3) - (GetParam().chained ? 0 : plan().value_size);
  }
};

TEST_P(ItemOfForm, IsSoundWithTheHashOfItsKey) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
  EXPECT_EQ(chunk.check().hash, hash_key(plan().key));
}

TEST_P(ItemOfForm, IsNotSoundWithAnyBitFlippedThatNeverChanges) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  for (size_t bit = 0; bit < checked_size() * 8; ++bit) {
    const bool expiry = bit / 8 >= kExptime && bit / 8 < kExptime + 4;
    const bool mark = bit == kSizeWord * 8 + 30 || bit == kSizeWord * 8 + 31;
    const bool live = bit == kSeal * 8 + 10;
    chunk.flip(bit);
    EXPECT_EQ(chunk.verdict(), expiry || mark ? Verdict::intact
                               : live         ? Verdict::no_item
                                              : Verdict::damaged)
        << "bit " << bit % 8 << " of byte " << bit / 8;
    chunk.flip(bit);
  }
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
}

TEST_P(ItemOfForm, IsNotSoundWithAnyByteOverwritten) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  for (size_t place = 0; place < checked_size(); ++place) {
    if (place >= kExptime && place < kExptime + 4) {
      continue;
    }
    for (const int byte : {0x00, 0xff}) {
      const char before = std::exchange(chunk.bytes()[place], static_cast<char>(byte));
      // The top byte of the size word holds the marks too.
      if (before != chunk.bytes()[place] && place != kSizeWord + 3) {
        EXPECT_NE(chunk.verdict(), Verdict::intact) << byte << " at " << place;
      }
      chunk.bytes()[place] = before;
    }
  }
}

TEST_P(ItemOfForm, StaysSoundWhenItIsTouchedAndMarked) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  ItemWriter::set_exptime(&chunk.item(), 1);
  ItemWriter::set_marks(&chunk.item(), true, true);
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
}

TEST_P(ItemOfForm, IsNoItemOnceItEnded) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  ItemWriter::end(&chunk.item());
  EXPECT_EQ(chunk.verdict(), Verdict::no_item);
}

TEST_P(ItemOfForm, CannotBeWrittenLaterThanTheLastWrite) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  const uint64_t sequence = chunk.item().sequence();
  ChunkFrame frame{.offset = kOffset, .size = 128, .salt = kSalt, .part_size = kCheckedPartSize};
  frame.last_sequence = sequence;
  EXPECT_EQ(check_item(chunk.item(), frame).verdict, Verdict::intact);
  frame.last_sequence = sequence - 1;
  EXPECT_EQ(check_item(chunk.item(), frame).verdict, Verdict::damaged);
}

TEST_P(ItemOfForm, IsAnItemInItsPlaceAndFileOnly) {
  ChunkOnHeap chunk(128);
  chunk.put(plan());
  EXPECT_EQ(chunk.check(kOffset + 128).verdict, Verdict::damaged);
  EXPECT_EQ(chunk.check(kOffset, kSalt + 1).verdict, Verdict::damaged);
}

INSTANTIATE_TEST_SUITE_P(Forms, ItemOfForm,
                         testing::Values(Form{false, false}, Form{false, true}, Form{true, false},
                                         Form{true, true}),
                         [](const auto& each) {
                           return std::string(each.param.chained ? "chained" : "plain") +
                                  (each.param.sequenced ? "Sequenced" : "");
                         });

TEST(ItemCheck, ZerosAreNoItem) { EXPECT_EQ(ChunkOnHeap(48).verdict(), Verdict::no_item); }

TEST(ItemCheck, AnItemMayFillItsChunkButNotOneByteMore) {
  ChunkOnHeap chunk(48);
  ItemPlan plan = kPlain;
  plan.value_size = 48 - Item::kHeaderSize - plan.key.size();
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
  ++plan.value_size;
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
  plan.value_size = Item::kMaxValueSize;
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
}

TEST(ItemCheck, ASequenceTakesItsRoomToo) {
  ChunkOnHeap chunk(48);
  ItemPlan plan = kPlain;
  plan.sequenced = true;
  plan.value_size = 48 - Item::kHeaderSize - Item::kSequenceSize - plan.key.size();
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
  ++plan.value_size;
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
}

TEST(ItemCheck, AnEmptyValueIsSound) {
  ChunkOnHeap chunk(48);
  ItemPlan plan = kPlain;
  plan.value_size = 0;
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
}

TEST(ItemCheck, KeysHaveOneByteToTheProtocolsMost) {
  const std::string longest(255, 'k');
  for (const size_t size : {0U, 1U, 250U, 251U, 255U}) {
    ChunkOnHeap chunk(512);
    chunk.put({.key = std::string_view(longest).substr(0, size), .value_size = 9});
    EXPECT_EQ(chunk.verdict(), size >= 1 && size <= 250 ? Verdict::intact : Verdict::damaged)
        << size;
  }
}

TEST(ItemCheck, AKeyMustNotReachOverTheEnd) {
  // 24 + 16 fill the chunk: no room for a key of 17.
  ChunkOnHeap chunk(40);
  chunk.put({.key = "0123456789abcdef", .value_size = 0});
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
  ++chunk.bytes()[kSeal];
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
}

TEST(ItemCheck, TheTableOfAChainMustFit) {
  ItemPlan plan = kPlain;
  plan.chained = true;
  plan.value_size = 3 * kCheckedPartSize;
  ChunkOnHeap chunk(24 + 8 + 24);
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::intact);
  // A fourth part; complete() would read its entry, so the size is changed afterwards.
  store_unaligned(chunk.bytes() + kSizeWord, static_cast<uint32_t>(4 * kCheckedPartSize));
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
  store_unaligned(chunk.bytes() + kSizeWord, Item::kMaxValueSize);
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
}

TEST(ItemCheck, AChainOfNoPartsIsNoChain) {
  ItemPlan plan = kPlain;
  plan.chained = true;
  plan.value_size = 0;
  ChunkOnHeap chunk(48);
  chunk.put(plan);
  EXPECT_EQ(chunk.verdict(), Verdict::damaged);
}

// Under the address sanitizer: whatever the bytes are, nothing behind the chunk is read.
TEST(ItemCheck, NoiseIsHardlyEverSound) {
  std::mt19937_64 random(1);
  constexpr int kRounds = 200'000;
  int sound = 0;
  for (const size_t size : {24U, 32U, 40U, 48U, 256U, 520U}) {
    ChunkOnHeap chunk(size);
    for (int round = 0; round < kRounds / 6; ++round) {
      for (size_t place = 0; place < size; place += 8) {
        store_unaligned(chunk.bytes() + place, random());
      }
      // Otherwise half of it would not be live, and nearly none of a size that fits.
      const auto value_size = static_cast<uint32_t>(random() % size);
      store_unaligned(chunk.bytes() + kSizeWord, value_size);
      chunk.bytes()[kSeal + 1] = static_cast<char>(chunk.bytes()[kSeal + 1] | 4);
      sound += chunk.verdict() == Verdict::intact ? 1 : 0;
    }
  }
  EXPECT_LE(sound, 3) << "21 bits: one in two million";
}

}  // namespace
}  // namespace ember::storage
