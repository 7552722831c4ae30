// SPDX-License-Identifier: BSD-3-Clause
// Index: from hashes to items' offsets: buckets of one cache line, seven entries and a control
// word, with overflow buckets chained where a bucket is full.
//
// It grows by linear hashing (Litwin, 1980), one bucket at a time in one reserved range of
// addresses: no pause, no second copy. Which item an entry means is decided by the caller's
// predicate: the index reads no item and compares no key. When a bucket splits it asks the caller
// for hashes again (HashesOf).
//
// Ownership: has its buckets; the items are the arena's.
// Threads: find(), peek(), mark() and set_frequency() take no lock. Writers lock a bucket
// (WriteLock). A reader that finds nothing looks whether its bucket was changed meanwhile, and
// looks again if so. load(), image(), adopt() and the bytes: as each says. Lock order: a class's
// mutex, then a bucket, then the pool of overflow buckets. Invariants: an entry is in the chain of
// its hash's home bucket; a bucket in no chain is empty; only the holder of a bucket's lock changes
// its control word, adds entries or removes them. Cost: a hit reads 1.1 lines of buckets on
// average; 12 to 16 bytes an entry.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/result.h"
#include "storage/index/back_off.h"
#include "storage/index/index_entry.h"

namespace ember::storage {

class Index {
 public:
  struct Options {
    size_t max_items = 0;        // bounds the addresses reserved, not the memory used
    unsigned initial_power = 0;  // log2 of the buckets to begin with; 0: kLeastPower
    size_t expected_items = 0;   // room for these, too, without growing
  };

  /// Fills in the hashes of the items at some offsets. Called when a bucket splits, by the writer
  /// whose insert made the index too full; the bucket is locked, so the items are there.
  using HashesOf = std::function<void(std::span<const uint64_t> offsets, std::span<Hash> hashes)>;

  /// Returns an empty index. Fails, with a remedy, where so many addresses cannot be reserved.
  /// Cost: addresses; memory is taken as buckets are used.
  static Result<std::unique_ptr<Index>> open(const Options& options, HashesOf hashes_of);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

 private:
  struct alignas(kCacheLineSize) Bucket {
    static constexpr size_t kEntries = 7;
    std::atomic<uint64_t> entries[kEntries];
    // lock (1 bit) | version (31 bits) | overflow bucket, counted from 1 (32 bits)
    std::atomic<uint64_t> control;
  };
  static_assert(sizeof(Bucket) == kCacheLineSize);

 public:
  using Slot = std::atomic<uint64_t>;

  /// An entry found: its slot, and the entry as it was then. False if there is none.
  struct Hit {
    Slot* slot = nullptr;
    IndexEntry entry;
    explicit operator bool() const { return slot != nullptr; }
  };

  /// Fetch the home bucket of `hash` into the cache, to be read or to be written.
  void prefetch(Hash hash) const { __builtin_prefetch(&buckets_[home_of(hash)]); }
  void prefetch_to_write(Hash hash) const { __builtin_prefetch(&buckets_[home_of(hash)], 1); }

  /// Returns the first entry of the home bucket itself whose tag matches, or an empty one: a hint,
  /// to prefetch its item.
  IndexEntry peek(Hash hash) const {
    const Bucket& bucket = buckets_[home_of(hash)];
    for (const Slot& slot : bucket.entries) {
      const IndexEntry entry(slot.load(std::memory_order_relaxed));
      if (entry.tag_matches(hash)) {
        return entry;
      }
    }
    return IndexEntry();
  }

  /// Returns the entry that `is_it(offset)` accepts, among those whose tag matches. Lock-free.
  /// `is_it` may be asked of items that ended meanwhile; they stay readable as long as the thread
  /// has not announced its next epoch (storage/epoch.h).
  template <typename Predicate>
  Hit find(Hash hash, Predicate&& is_it) const {
    for (unsigned attempt = 0;; ++attempt) {
      const uint64_t size = size_.load(std::memory_order_acquire);
      Bucket& home = buckets_[home_in(size, hash)];
      const uint64_t before = home.control.load(std::memory_order_acquire);
      if (Hit hit = scan(home, hash, is_it)) {
        return hit;
      }
      // Nothing: true only if no writer moved an entry meanwhile.
      std::atomic_signal_fence(std::memory_order_seq_cst);
      if ((before & kLockBit) == 0 && home.control.load(std::memory_order_acquire) == before &&
          size_.load(std::memory_order_acquire) == size) {
        return Hit();
      }
      back_off(attempt);
    }
  }

  /// Notes a read in the entry, unless the entry says so already or changed meanwhile.
  static void mark(const Hit& hit, UnixSeconds now) {
    const IndexEntry used = hit.entry.used(now);
    if (used.bits() != hit.entry.bits()) {
      uint64_t expected = hit.entry.bits();
      hit.slot->compare_exchange_strong(expected, used.bits(), std::memory_order_relaxed);
    }
  }

  /// Sets an entry's frequency, unless the entry changed meanwhile.
  static void set_frequency(const Hit& hit, unsigned frequency) {
    uint64_t expected = hit.entry.bits();
    hit.slot->compare_exchange_strong(expected, hit.entry.with_frequency(frequency).bits(),
                                      std::memory_order_relaxed);
  }

  /// Holds the bucket of one hash: the only way to add, replace and remove entries.
  /// Threads: the one that made the lock ends it, and has no other bucket locked meanwhile.
  class WriteLock {
   public:
    /// Waits for the bucket (back_off.h).
    WriteLock(Index& index, Hash hash);
    /// Unlocks; after an insert that made the index too full, splits one bucket.
    ~WriteLock();
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;

    /// Returns the entry of the lock's hash that `is_it(offset)` accepts.
    template <typename Predicate>
    Hit find(Predicate&& is_it) const {
      return index_.scan(*home_, hash_, is_it);
    }
    /// Adds an entry. Requires: of the lock's hash, and none of the same key is there.
    void insert(IndexEntry entry);
    /// Puts `entry` in the place of one found. Requires: found under this lock, with the same tag.
    static void replace(const Hit& hit, IndexEntry entry) {
      debug_check(hit.entry.tag_matches(entry.bits()), "an entry is replaced by one of its hash");
      hit.slot->store(entry.bits(), std::memory_order_release);
    }
    /// Removes an entry. Requires: found under this lock, and there.
    void erase(const Hit& hit);

   private:
    Index& index_;
    Hash hash_;
    Bucket* home_;
    bool inserted_ = false;
  };

  /// Enters `entry`, unless there is one that `is_it` accepts: then returns that one. For many
  /// entries at a time, in an index that is large enough: no locking, counting or growing;
  /// count_in() at the end.
  /// Requires: no other thread is at the bucket of `hash`; the entry's tag is the hash's.
  template <typename Predicate>
  Hit load(Hash hash, IndexEntry entry, Predicate&& is_it) {
    debug_check(entry.tag_matches(hash), "an entry is loaded under its own hash");
    Bucket& home = buckets_[home_of(hash)];
    // Nearly always there is no such tag, and room.
    unsigned same = 0;
    unsigned free = 0;
    for (unsigned i = 0; i < Bucket::kEntries; ++i) {
      const IndexEntry there(home.entries[i].load(std::memory_order_relaxed));
      same |= (there.tag_matches(hash) ? 1U : 0U) << i;
      free |= (there.empty() ? 1U : 0U) << i;
    }
    if (same == 0 && free != 0 && home.control.load(std::memory_order_relaxed) == 0) {
      home.entries[std::countr_zero(free)].store(entry.bits(), std::memory_order_relaxed);
      return {};
    }
    const Hit hit = scan(home, hash, is_it);
    if (!hit) {
      append(home, entry.bits());
    }
    return hit;
  }

  // ---- The index as bytes, for a graceful stop and the start after it
  // (storage/restart/snapshot.h).

  /// What the buckets' bytes do not tell: with these, an index that was written out is whole again.
  struct Image {
    uint64_t size = 0;
    uint64_t count = 0;
    std::vector<uint32_t> free_overflow;
    uint32_t overflow_used = 0;
  };
  /// Returns the image. Requires: no other thread uses the index.
  Image image() const;
  /// Return the bytes of all buckets, and of all overflow buckets ever used. Requires: as image().
  std::span<std::byte> bucket_bytes();
  std::span<std::byte> overflow_bytes();
  /// Takes the image over: bucket_bytes() and overflow_bytes() are then to be filled. Returns false
  /// if there is no such index, or this one cannot be so large. Requires: as image().
  bool adopt(const Image& image);

  // ---- All entries.

  /// Removes the entries that `drop(offset)` accepts, each bucket under its lock, while other
  /// threads go on.
  template <typename Drop>
  void erase_if(Drop&& drop) {
    for (size_t number = 0; number < bucket_count(); ++number) {
      Bucket& home = buckets_[number];
      lock(home);
      for_each_slot(home, [&](Slot& slot) {
        const IndexEntry entry(slot.load(std::memory_order_relaxed));
        if (!entry.empty() && drop(entry.offset())) {
          slot.store(0, std::memory_order_release);
          count_.fetch_sub(1, std::memory_order_relaxed);
        }
      });
      unlock(home);
    }
  }

  /// Calls `visit(slot)` for all slots of the buckets from `first` on, at most `count` buckets;
  /// empty ones too. Returns where to go on, 0 at the end. Entries that move meanwhile may be
  /// missed. Requires: `first` is 0 or what the last call returned.
  template <typename Visit>
  size_t walk(size_t first, size_t count, Visit&& visit) {
    const size_t end = bucket_count();
    debug_check(first < end, "a walk goes on where there are buckets");
    const size_t stop = first + count < end ? first + count : end;
    for (size_t number = first; number < stop; ++number) {
      for_each_slot(buckets_[number], visit);
    }
    return stop == end ? 0 : stop;
  }

  /// Returns the number of the bucket that a hash belongs to, by the hash's low bits.
  size_t home_of(Hash hash) const { return home_in(size_.load(std::memory_order_acquire), hash); }
  /// Returns how many buckets there are, overflow buckets left out. Only grows.
  size_t bucket_count() const {
    const uint64_t size = size_.load(std::memory_order_relaxed);
    return (size_t{1} << power_in(size)) + split_in(size);
  }
  /// Counts entries that load() entered.
  void count_in(size_t entries) { count_.fetch_add(entries, std::memory_order_relaxed); }
  size_t entry_count() const { return count_.load(std::memory_order_relaxed); }
  /// Returns the bytes of memory in use.
  size_t bytes() const;
  /// Returns log2 of the buckets there were when this doubling began.
  unsigned power() const { return power_in(size_.load(std::memory_order_relaxed)); }
  /// Returns whether a doubling has begun and is not complete.
  bool growing() const { return split_in(size_.load(std::memory_order_relaxed)) != 0; }

 private:
  static constexpr unsigned kLeastPower = 12;
  static constexpr unsigned kMostPower = 40;
  static constexpr uint64_t kLockBit = 1;
  static constexpr uint64_t kVersionStep = 2;
  static constexpr uint64_t kVersionMask = 0xfffffffe;
  static constexpr unsigned kOverflowShift = 32;
  // Entries to a bucket, times two, at which it grows. 5.5 of 7: a lookup reads 1.1 lines.
  static constexpr size_t kLoadTimesTwo = 11;

  Index(HashesOf hashes_of, size_t max_buckets, uint64_t size);

  // size_: split pointer (56 bits) | power (8 bits).
  static unsigned power_in(uint64_t size) { return static_cast<unsigned>(size & 0xff); }
  static size_t split_in(uint64_t size) { return static_cast<size_t>(size >> 8); }
  static size_t home_in(uint64_t size, Hash hash) {
    const size_t low = hash & ((size_t{1} << power_in(size)) - 1);
    return low >= split_in(size) ? low : hash & ((size_t{2} << power_in(size)) - 1);
  }

  Bucket* overflow_of(const Bucket& bucket) const {
    const uint64_t number = bucket.control.load(std::memory_order_acquire) >> kOverflowShift;
    return number == 0 ? nullptr : &overflow_[number - 1];
  }

  template <typename Predicate>
  Hit scan(Bucket& home, Hash hash, Predicate& is_it) const {
    for (Bucket* bucket = &home; bucket != nullptr; bucket = overflow_of(*bucket)) {
      for (Slot& slot : bucket->entries) {
        const IndexEntry entry(slot.load(std::memory_order_acquire));
        if (entry.tag_matches(hash) && is_it(entry.offset())) {
          return {&slot, entry};
        }
      }
    }
    return {};
  }

  template <typename Visit>
  void for_each_slot(Bucket& home, Visit&& visit) const {
    for (Bucket* bucket = &home; bucket != nullptr; bucket = overflow_of(*bucket)) {
      for (Slot& slot : bucket->entries) {
        visit(slot);
      }
    }
  }

  static void lock(Bucket& bucket);
  static void unlock(Bucket& bucket);
  static unsigned free_slots(const Bucket& bucket);
  size_t entries_of(Bucket& home) const;
  void append(Bucket& home, uint64_t bits);
  void drop_empty_overflow(Bucket& home);
  void set_overflow(Bucket& bucket, uint64_t number);
  uint32_t take_overflow();
  void give_overflow(uint32_t number);
  void grow();
  void split(size_t from, size_t to, unsigned power) EMBER_REQUIRES(split_mutex_);

  HashesOf hashes_of_;
  size_t max_buckets_;
  Bucket* buckets_ = nullptr;
  Bucket* overflow_ = nullptr;
  std::atomic<uint64_t> size_;
  alignas(kCacheLineSize) std::atomic<size_t> count_{0};
  Mutex split_mutex_;
  std::vector<Slot*> split_slots_ EMBER_GUARDED_BY(split_mutex_);  // scratch of split()
  std::vector<uint64_t> split_offsets_ EMBER_GUARDED_BY(split_mutex_);
  std::vector<Hash> split_hashes_ EMBER_GUARDED_BY(split_mutex_);
  mutable Mutex overflow_mutex_;
  std::vector<uint32_t> free_overflow_ EMBER_GUARDED_BY(overflow_mutex_);
  uint32_t overflow_used_ EMBER_GUARDED_BY(overflow_mutex_) = 0;
};

}  // namespace ember::storage
