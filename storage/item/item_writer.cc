// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/item_writer.h"

#include <xxhash.h>

#include "base/check.h"

namespace ember::storage {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): every input bit reaches every output bit.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

size_t planned_sequence(const ItemPlan& plan) { return plan.sequenced ? Item::kSequenceSize : 0; }

}  // namespace

size_t ItemWriter::size_of(const ItemPlan& plan, size_t parts) {
  const size_t body_size = plan.chained ? Chain::table_size(parts) : plan.value_size;
  return Item::kHeaderSize + planned_sequence(plan) + plan.key.size() + body_size;
}

Item* ItemWriter::prepare(void* chunk, const ItemPlan& plan) {
  debug_check(reinterpret_cast<uintptr_t>(chunk) % alignof(Item) == 0, "chunks are aligned");
  debug_check(plan.key.size() <= Item::kKeySizeMask && plan.value_size <= Item::kMaxValueSize,
              "an item's sizes fit in its header");
  // The atomics are assigned, not constructed: the words may hold an ended item that a thread
  // compares to this moment, and an ended item's seal is 0 already.
  Item* item = static_cast<Item*>(chunk);
  item->seal_.store(0, std::memory_order_relaxed);
  item->exptime_.store(plan.exptime, std::memory_order_relaxed);
  item->client_flags_ = plan.client_flags;
  item->size_word_.store(static_cast<uint32_t>(plan.value_size), std::memory_order_relaxed);
  char* key = static_cast<char*>(chunk) + Item::kHeaderSize + planned_sequence(plan);
  std::memcpy(key, plan.key.data(), plan.key.size());
  return item;
}

char* ItemWriter::body(Item* item, const ItemPlan& plan) {
  return reinterpret_cast<char*>(item) + Item::kHeaderSize + planned_sequence(plan) +
         plan.key.size();
}

Chain ItemWriter::chain(Item* item, const ItemPlan& plan, size_t part_size) {
  return {body(item, plan), plan.chained ? plan.value_size : 0, part_size};
}

uint32_t ItemWriter::complete(Item* item, const ItemPlan& plan, const Commit& commit) {
  debug_check(
      [&] {
        const char* const key = body(item, plan) - plan.key.size();
        return std::memcmp(key, plan.key.data(), plan.key.size()) == 0 &&
               item->value_size() == plan.value_size;
      },
      "an item is completed by the plan it was prepared by");
  item->cas_ = commit.cas;
  if (plan.sequenced) {
    store_unaligned(reinterpret_cast<char*>(item) + Item::kHeaderSize, commit.sequence);
  }
  item->size_word_.store(static_cast<uint32_t>(plan.value_size) | (commit.won ? Item::kWonBit : 0) |
                             (commit.stale ? Item::kStaleBit : 0),
                         std::memory_order_relaxed);
  const uint32_t word = static_cast<uint32_t>(plan.key.size()) |
                        (plan.chained ? Item::kChainedBit : 0) |
                        (plan.sequenced ? Item::kSequencedBit : 0) | Item::kLiveBit;
  return word | checksum(*item, plan.hash, word, commit) << Item::kChecksumShift;
}

void ItemWriter::seal(Item* item, uint32_t seal) {
  item->seal_.store(seal, std::memory_order_release);
}

void ItemWriter::end(Item* item) {
  item->seal_.fetch_and(~Item::kLiveBit, std::memory_order_release);
}

void ItemWriter::set_exptime(Item* item, UnixSeconds exptime) {
  item->exptime_.store(exptime, std::memory_order_relaxed);
}

void ItemWriter::set_marks(Item* item, bool won, bool stale) {
  const uint32_t size = item->size_word_.load(std::memory_order_relaxed) & Item::kSizeMask;
  item->size_word_.store(size | (won ? Item::kWonBit : 0) | (stale ? Item::kStaleBit : 0),
                         std::memory_order_relaxed);
}

bool ItemWriter::win(Item* item) {
  return (item->size_word_.fetch_or(Item::kWonBit, std::memory_order_relaxed) & Item::kWonBit) == 0;
}

uint32_t ItemWriter::checksum(const Item& item, Hash hash, uint32_t seal, const Commit& commit) {
  constexpr uint32_t kKinds = Item::kKeySizeMask | Item::kChainedBit | Item::kSequencedBit;
  uint64_t sum = mix(hash ^ commit.offset ^ commit.salt);
  sum = mix(sum ^ commit.cas);
  sum = mix(sum ^ (uint64_t{item.client_flags_} << 32 | item.value_size()));
  sum = mix(sum ^ (seal & kKinds));
  if ((seal & Item::kSequencedBit) != 0) {
    sum = mix(sum ^ commit.sequence);
  }
  if ((seal & Item::kChainedBit) != 0) {
    const char* table = item.payload() + Item::sequence_size(seal) + (seal & Item::kKeySizeMask);
    debug_check(commit.part_size != 0, "a chain's checksum is taken over all its parts");
    const size_t parts = Chain::count_for(item.value_size(), commit.part_size);
    sum = mix(sum ^ XXH3_64bits(table, Chain::table_size(parts)));
  }
  return static_cast<uint32_t>(sum >> 43);
}

}  // namespace ember::storage
