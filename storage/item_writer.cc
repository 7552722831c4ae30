// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item_writer.h"

#include <new>

namespace ember::storage {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): every input bit reaches every output bit.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

size_t sequence_size(const ItemPlan& plan) { return plan.sequenced ? Item::kSequenceSize : 0; }

}  // namespace

size_t ItemWriter::size_of(const ItemPlan& plan, size_t parts) {
  const size_t body_size = plan.chained ? parts * sizeof(uint64_t) : plan.value_size;
  return Item::kHeaderSize + sequence_size(plan) + plan.key.size() + body_size;
}

Item* ItemWriter::prepare(void* chunk, const ItemPlan& plan) {
  // The atomics are assigned, not constructed: the words may hold an ended item that a thread
  // compares to this moment, and an ended item's seal is 0 already.
  Item* item = static_cast<Item*>(chunk);
  item->seal_.store(0, std::memory_order_relaxed);
  item->exptime_.store(plan.exptime, std::memory_order_relaxed);
  item->client_flags_ = plan.client_flags;
  item->size_word_.store(static_cast<uint32_t>(plan.value_size), std::memory_order_relaxed);
  char* key = static_cast<char*>(chunk) + Item::kHeaderSize + sequence_size(plan);
  std::memcpy(key, plan.key.data(), plan.key.size());
  return item;
}

char* ItemWriter::body(Item* item, const ItemPlan& plan) {
  return reinterpret_cast<char*>(item) + Item::kHeaderSize + sequence_size(plan) + plan.key.size();
}

void ItemWriter::seal(Item* item, const ItemPlan& plan, const Commit& commit) {
  item->cas_ = commit.cas;
  if (plan.sequenced) {
    store(reinterpret_cast<char*>(item) + Item::kHeaderSize, commit.sequence);
  }
  item->size_word_.store(static_cast<uint32_t>(plan.value_size) | (commit.won ? Item::kWonBit : 0) |
                             (commit.stale ? Item::kStaleBit : 0),
                         std::memory_order_relaxed);
  const uint32_t word = static_cast<uint32_t>(plan.key.size()) |
                        (plan.chained ? Item::kChainedBit : 0) |
                        (plan.sequenced ? Item::kSequencedBit : 0) | Item::kLiveBit |
                        (checksum(plan, commit.cas, commit.offset) << Item::kChecksumShift);
  item->seal_.store(word, std::memory_order_release);
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

uint32_t ItemWriter::checksum(const ItemPlan& plan, uint64_t cas, uint64_t offset) {
  uint64_t sum = mix(plan.hash ^ offset);
  sum = mix(sum ^ cas);
  sum = mix(sum ^ (uint64_t{plan.client_flags} << 32 | plan.value_size));
  sum = mix(sum ^ (plan.key.size() << 2 | (plan.chained ? 2U : 0U) | (plan.sequenced ? 1U : 0U)));
  return static_cast<uint32_t>(sum >> 43);
}

}  // namespace ember::storage
