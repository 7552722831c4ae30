// SPDX-License-Identifier: BSD-3-Clause
// Index: from hashes to items' offsets: buckets of one cache line, seven entries and a control
// word, with overflow buckets chained where a bucket is full.
//
// It grows by linear hashing (Litwin, 1980), one bucket at a time in one reserved range of
// addresses: no pause, no second copy. Which item an entry means is decided by the caller's
// predicate, so the index reads no item itself, but to learn a hash again when a bucket splits.
//
// Threads: find() takes no lock. Writers lock a bucket (WriteLock). A reader that finds nothing
// looks whether its bucket was changed meanwhile, and looks again if so.
// Lock order: a class's mutex, then a bucket, then the pool of overflow buckets.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"
#include "storage/index/index_entry.h"

namespace ember::storage {

class Index {
 public:
  struct Options {
    size_t max_items = 0;        // bounds the addresses reserved, not the memory used
    unsigned initial_power = 0;  // log2 of the buckets to begin with; 0: kLeastPower
    size_t expected_items = 0;   // room for these, too, without growing
  };

  /// The hashes of the items at some offsets, asked when their bucket splits; it is locked, so
  /// the items are there.
  using HashesOf = std::function<void(std::span<const uint64_t> offsets, std::span<Hash> hashes)>;

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

  struct Hit {
    Slot* slot = nullptr;
    IndexEntry entry;
    explicit operator bool() const { return slot != nullptr; }
  };

  void prefetch(Hash hash) const { __builtin_prefetch(&buckets_[home_of(hash)]); }
  void prefetch_to_write(Hash hash) const { __builtin_prefetch(&buckets_[home_of(hash)], 1); }

  /// The first entry of the home bucket itself whose tag matches: a hint, to prefetch its item.
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

  /// The entry that `is_it(offset)` accepts, among those whose tag matches. Lock-free.
  template <typename Predicate>
  Hit find(Hash hash, Predicate&& is_it) const {
    for (unsigned attempt = 0;; ++attempt) {
      const uint64_t size = size_.load(std::memory_order_acquire);
      Bucket& home = buckets_[home_in(size, hash)];
      const uint64_t before = home.control.load(std::memory_order_acquire);
      if (Hit hit = scan(home, hash, is_it)) {
        return hit;
      }
      // Nothing: true only if nobody moved an entry while we looked.
      std::atomic_signal_fence(std::memory_order_seq_cst);
      if ((before & kLockBit) == 0 && home.control.load(std::memory_order_acquire) == before &&
          size_.load(std::memory_order_acquire) == size) {
        return Hit();
      }
      relax(attempt);
    }
  }

  /// Notes a read in the entry, unless that says so already.
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

  /// Holds the bucket of one hash: the only way to change entries.
  class WriteLock {
   public:
    WriteLock(Index& index, Hash hash);
    ~WriteLock();
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;

    template <typename Predicate>
    Hit find(Predicate&& is_it) const {
      return index_.scan(*home_, hash_, is_it);
    }
    void insert(IndexEntry entry);
    static void replace(const Hit& hit, IndexEntry entry) {
      hit.slot->store(entry.bits(), std::memory_order_release);
    }
    void erase(const Hit& hit);

   private:
    Index& index_;
    Hash hash_;
    Bucket* home_;
    bool inserted_ = false;
  };

  /// Enters `entry` unless there is one that `is_it` accepts, which is the answer then: without
  /// locking, counting or growing, while nobody else is at the bucket of `hash`. For many entries
  /// at a time, in an index that is large enough; count_in() at the end.
  template <typename Predicate>
  Hit load(Hash hash, IndexEntry entry, Predicate&& is_it) {
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

  /// What the buckets' bytes do not tell: with these, an index that was written out is whole again.
  struct Image {
    uint64_t size = 0;
    uint64_t count = 0;
    std::vector<uint32_t> free_overflow;
    uint32_t overflow_used = 0;
  };
  /// While nobody uses the index.
  Image image() const;
  std::span<std::byte> bucket_bytes();
  std::span<std::byte> overflow_bytes();
  /// Takes the image over: bucket_bytes() and overflow_bytes() are then to be filled. False if this
  /// index cannot be so large.
  bool adopt(const Image& image);

  /// Removes the entries that `drop(offset)` accepts. Bucket by bucket, while others go on.
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

  /// Calls `visit(slot)` for all entries of the buckets from `first` on, at most `count` buckets;
  /// returns where to go on, 0 at the end. Entries that move meanwhile may be missed.
  template <typename Visit>
  size_t walk(size_t first, size_t count, Visit&& visit) {
    const size_t end = bucket_count();
    const size_t stop = first + count < end ? first + count : end;
    for (size_t number = first; number < stop; ++number) {
      for_each_slot(buckets_[number], visit);
    }
    return stop == end ? 0 : stop;
  }

  /// The number of the bucket that a hash belongs to. Of the hash it looks at the low bits.
  size_t home_of(Hash hash) const { return home_in(size_.load(std::memory_order_acquire), hash); }
  size_t bucket_count() const {
    const uint64_t size = size_.load(std::memory_order_relaxed);
    return (size_t{1} << power_in(size)) + split_in(size);
  }
  void count_in(size_t entries) { count_.fetch_add(entries, std::memory_order_relaxed); }
  size_t entry_count() const { return count_.load(std::memory_order_relaxed); }
  size_t bytes() const;
  unsigned power() const { return power_in(size_.load(std::memory_order_relaxed)); }
  bool growing() const { return split_in(size_.load(std::memory_order_relaxed)) != 0; }

 private:
  static constexpr unsigned kLeastPower = 12;
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
  static void relax(unsigned attempt) {
    if (attempt % 64 == 63) {
      std::this_thread::yield();
    } else {
      __builtin_ia32_pause();
    }
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
