// SPDX-License-Identifier: BSD-3-Clause
// IndexLoader: puts items in the order of the buckets they belong to, so that entering millions of
// them into an index does not miss the cache at every one. Threads first add what they find, then
// share out the parts of the index; each part is small enough for a core's cache, and only one
// thread has a part at a time, so no bucket is locked. It enters nothing itself: take() hands the
// items to the caller, who calls Index::load().
// (Radix partitioning: Manegold, Boncz, Kersten, "Optimizing main-memory join on modern hardware",
// 2002.)
//
// Ownership: has the memory of the items added; refers to the index, which has to outlive it and
// must not grow meanwhile.
// Threads: add(), room_for() and clear(): each thread with a number of its own; take(): any, for
// different parts, once all threads have added. The caller orders those two.
// Cost: 8 bytes an item, at most 64 MiB, beside a block of 4 KiB for each part and thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "storage/index/index.h"

namespace ember::storage {

class IndexLoader {
 public:
  /// How many items to expect.
  struct Room {
    size_t most_items = 0;    // in all; no more than kMostItems are held at a time, by all threads
    size_t most_at_once = 0;  // that room_for() is asked for; there always is, after clear()
  };
  /// Returns a loader with nothing in it. Fails, with a remedy, where so many addresses cannot be
  /// reserved. Requires: threads is not 0.
  static Result<std::unique_ptr<IndexLoader>> open(const Index& index, size_t threads,
                                                   const Room& room);
  ~IndexLoader();
  IndexLoader(const IndexLoader&) = delete;
  IndexLoader& operator=(const IndexLoader&) = delete;

  /// Returns whether `thread` may add that many more items. If not: take() all, then clear().
  bool room_for(size_t thread, size_t items) const;

  /// Adds an item. Requires: room_for() said so; `offset` is a multiple of 8.
  void add(size_t thread, uint64_t offset, Hash hash);

  /// Returns how many parts the index has.
  size_t part_count() const { return parts_; }

  /// Calls `visit(offset, hash)` for all that was added to a part. Of the hash `visit` gets what
  /// the index looks at: the home bucket and the tag. `ahead(hash)` is called some calls earlier,
  /// to prefetch. Requires: part < part_count().
  template <typename Ahead, typename Visit>
  void take(size_t part, Ahead&& ahead, Visit&& visit) const;

  /// Forgets what `thread` added; its memory is used again.
  void clear(size_t thread);

  /// 64 MiB of them.
  static constexpr size_t kMostItems = size_t{8} << 20;

 private:
  // An item in 8 bytes: tag (10 bits) | number of the bucket in its part (18) | offset / 8 (36).
  static constexpr unsigned kOffsetBits = 36;
  static constexpr unsigned kBucketBits = 18;
  static constexpr unsigned kTagShift = kOffsetBits + kBucketBits;
  // 512 KiB of buckets to a part: a core's second cache has them all, and its TLB.
  static constexpr unsigned kPartBits = 13;
  static_assert(kPartBits <= kBucketBits);

  // Aligned to its size: a place at the very beginning of a block is one behind the end of another.
  struct alignas(4096) Block {
    static constexpr size_t kItems = 511;
    Block* before;  // in the same part, and full
    uint64_t items[kItems];
  };
  static_assert(sizeof(Block) == 4096);

  /// What one thread has: its own stretch of the blocks, and for each part the place of the next
  /// item; at the beginning of some block if it takes a new one.
  struct alignas(kCacheLineSize) Share {
    Block* first = nullptr;
    size_t used = 0;
    std::vector<uint64_t*> next;
  };

  IndexLoader(const Index& index, size_t threads, size_t items_each);
  template <typename Ahead, typename Visit>
  void take_items(size_t part, std::span<const uint64_t> items, Ahead&& ahead, Visit&& visit) const;
  static const Block* block_of(const uint64_t* item) {
    return reinterpret_cast<const Block*>(reinterpret_cast<uintptr_t>(item) / sizeof(Block) *
                                          sizeof(Block));
  }
  static size_t blocks_for(size_t items) { return items / Block::kItems + 1; }
  Hash hash_of(size_t part, uint64_t item) const {
    const uint64_t bucket = (item >> kOffsetBits) & ((uint64_t{1} << kBucketBits) - 1);
    return item >> kTagShift << kTagShift | uint64_t{part} << kPartBits | bucket;
  }

  const Index& index_;
  size_t parts_;
  size_t blocks_each_;
  std::span<Block> blocks_;
  std::vector<Share> shares_;
};

inline void IndexLoader::add(size_t thread, uint64_t offset, Hash hash) {
  debug_check(offset % 8 == 0 && offset <= IndexEntry::kMaxOffset, "an index can name the item");
  Share& share = shares_[thread];
  const size_t bucket = index_.home_of(hash);
  uint64_t*& next = share.next[bucket >> kPartBits];
  if (reinterpret_cast<uintptr_t>(next) % sizeof(Block) == 0) {
    debug_check(share.used < blocks_each_, "a thread adds within the room it asked for");
    Block* const fresh = share.first + share.used++;
    fresh->before = next == nullptr ? nullptr : reinterpret_cast<Block*>(next) - 1;
    next = fresh->items;
  }
  *next++ = hash >> kTagShift << kTagShift |
            (bucket & ((size_t{1} << kPartBits) - 1)) << kOffsetBits | offset >> 3;
}

template <typename Ahead, typename Visit>
void IndexLoader::take(size_t part, Ahead&& ahead, Visit&& visit) const {
  debug_check(part < parts_, "a part of the index is taken");
  for (const Share& share : shares_) {
    const uint64_t* end = share.next[part];
    // One back from the end is in the last block, be it full or not.
    const Block* block = end == nullptr ? nullptr : block_of(end - 1);
    while (block != nullptr) {
      take_items(part, {block->items, end}, ahead, visit);
      block = block->before;
      end = block == nullptr ? nullptr : block->items + Block::kItems;
    }
  }
}

template <typename Ahead, typename Visit>
void IndexLoader::take_items(size_t part, std::span<const uint64_t> items, Ahead&& ahead,
                             Visit&& visit) const {
  constexpr size_t kAhead = 16;
  constexpr uint64_t kOffsetMask = (uint64_t{1} << kOffsetBits) - 1;
  debug_check(items.size() <= Block::kItems, "items are taken a block at a time");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i + kAhead < items.size()) {
      ahead(hash_of(part, items[i + kAhead]));
    }
    visit((items[i] & kOffsetMask) << 3, hash_of(part, items[i]));
  }
}

}  // namespace ember::storage
