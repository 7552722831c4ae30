// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index/index.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/check.h"

namespace ember::storage {
namespace {

void* reserve(size_t size) {
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    return nullptr;
  }
  // A lookup in a large index is a TLB miss first; its failure only costs speed.
  ::madvise(base, size, MADV_HUGEPAGE);
  return base;
}

}  // namespace

Result<std::unique_ptr<Index>> Index::open(const Options& options, HashesOf hashes_of) {
  const unsigned least = options.initial_power == 0 ? kLeastPower : options.initial_power;
  // As if it had grown to that: a power of two, and some of its buckets split.
  const size_t buckets =
      std::max(options.expected_items * 2 / kLoadTimesTwo + 1, size_t{1} << least);
  const auto power = static_cast<unsigned>(std::bit_width(buckets) - 1);
  // Twice what the load asks for: the last doubling may not be complete.
  const size_t wanted = std::bit_ceil(options.max_items / (kLoadTimesTwo / 2) + 1) * 2;
  const size_t max_buckets = std::max(wanted, size_t{2} << power);
  check(power <= kMostPower && buckets <= max_buckets, "an index has addresses for its buckets");
  std::unique_ptr<Index> index(
      new Index(std::move(hashes_of), max_buckets, (buckets - (size_t{1} << power)) << 8 | power));
  index->buckets_ = static_cast<Bucket*>(reserve(max_buckets * sizeof(Bucket)));
  index->overflow_ = static_cast<Bucket*>(reserve(max_buckets * sizeof(Bucket)));
  if (index->buckets_ == nullptr || index->overflow_ == nullptr) {
    return fail_errno("cannot reserve addresses for the index; lower -m, or allow overcommit",
                      errno);
  }
  return index;
}

Index::Index(HashesOf hashes_of, size_t max_buckets, uint64_t size)
    : hashes_of_(std::move(hashes_of)), max_buckets_(max_buckets), size_(size) {}

Index::~Index() {
  if (buckets_ != nullptr) {
    ::munmap(buckets_, max_buckets_ * sizeof(Bucket));
  }
  if (overflow_ != nullptr) {
    ::munmap(overflow_, max_buckets_ * sizeof(Bucket));
  }
}

size_t Index::bytes() const {
  MutexLock lock(overflow_mutex_);
  return (bucket_count() + overflow_used_) * sizeof(Bucket);
}

Index::Image Index::image() const {
  MutexLock lock(overflow_mutex_);
  return {.size = size_.load(),
          .count = count_.load(),
          .free_overflow = free_overflow_,
          .overflow_used = overflow_used_};
}

std::span<std::byte> Index::bucket_bytes() {
  return std::as_writable_bytes(std::span(buckets_, bucket_count()));
}

std::span<std::byte> Index::overflow_bytes() {
  MutexLock lock(overflow_mutex_);
  return std::as_writable_bytes(std::span(overflow_, overflow_used_));
}

bool Index::adopt(const Image& image) {
  const unsigned power = power_in(image.size);
  const size_t split = split_in(image.size);
  if (power > kMostPower || split >= size_t{1} << power ||
      (size_t{1} << power) + split > max_buckets_ || image.overflow_used > max_buckets_) {
    return false;
  }
  size_.store(image.size);
  count_.store(image.count);
  MutexLock lock(overflow_mutex_);
  free_overflow_ = image.free_overflow;
  overflow_used_ = image.overflow_used;
  check(bucket_count() <= max_buckets_, "an index has addresses for its buckets");
  return true;
}

void Index::lock(Bucket& bucket) {
  for (unsigned attempt = 0;; ++attempt) {
    uint64_t control = bucket.control.load(std::memory_order_relaxed);
    if ((control & kLockBit) == 0 &&
        bucket.control.compare_exchange_weak(control, control | kLockBit, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
      return;
    }
    back_off(attempt);
  }
}

void Index::unlock(Bucket& bucket) {
  const uint64_t control = bucket.control.load(std::memory_order_relaxed);
  debug_check((control & kLockBit) != 0, "a bucket that is unlocked was locked");
  const uint64_t version = (control + kVersionStep) & kVersionMask;
  bucket.control.store((control >> kOverflowShift << kOverflowShift) | version,
                       std::memory_order_release);
}

void Index::set_overflow(Bucket& bucket, uint64_t number) {
  debug_check(number <= max_buckets_, "an overflow bucket has addresses");
  const uint64_t control = bucket.control.load(std::memory_order_relaxed);
  bucket.control.store((control & ((uint64_t{1} << kOverflowShift) - 1)) | number << kOverflowShift,
                       std::memory_order_release);
}

Index::WriteLock::WriteLock(Index& index, Hash hash) : index_(index), hash_(hash) {
  for (;;) {
    const uint64_t size = index.size_.load(std::memory_order_acquire);
    home_ = &index.buckets_[home_in(size, hash)];
    lock(*home_);
    // A split may have moved the hash's home before the lock was held.
    if (&index.buckets_[index.home_of(hash)] == home_) {
      debug_check([&] { return (home_->control.load() & kLockBit) != 0; },
                  "a writer has the bucket of its hash locked");
      return;
    }
    unlock(*home_);
  }
}

Index::WriteLock::~WriteLock() {
  unlock(*home_);
  if (inserted_ && index_.entry_count() * 2 > index_.bucket_count() * kLoadTimesTwo) {
    index_.grow();
  }
}

void Index::WriteLock::insert(IndexEntry entry) {
  debug_check(entry.tag_matches(hash_), "an entry is inserted under its own hash");
  index_.append(*home_, entry.bits());
  index_.count_.fetch_add(1, std::memory_order_relaxed);
  inserted_ = true;
}

void Index::WriteLock::erase(const Hit& hit) {
  debug_check([&] { return hit && hit.slot->load(std::memory_order_relaxed) != 0; },
              "an entry that is erased is there");
  hit.slot->store(0, std::memory_order_release);
  index_.count_.fetch_sub(1, std::memory_order_relaxed);
  index_.drop_empty_overflow(*home_);
}

/// A bit for each entry that is empty. All are looked at: which is the first cannot be predicted,
/// and a wrong guess costs more than the rest.
unsigned Index::free_slots(const Bucket& bucket) {
  unsigned free = 0;
  for (unsigned i = 0; i < Bucket::kEntries; ++i) {
    free |= (bucket.entries[i].load(std::memory_order_relaxed) == 0 ? 1U : 0U) << i;
  }
  return free;
}

/// How many entries a bucket and its overflow have. For assertions.
size_t Index::entries_of(Bucket& home) const {
  size_t entries = 0;
  for_each_slot(home, [&](const Slot& slot) {
    entries += slot.load(std::memory_order_relaxed) != 0 ? 1U : 0U;
  });
  return entries;
}

void Index::append(Bucket& home, uint64_t bits) {
  debug_check(bits != 0, "an entry in the index is not empty");
  Bucket* bucket = &home;
  for (;;) {
    if (const unsigned free = free_slots(*bucket); free != 0) {
      bucket->entries[std::countr_zero(free)].store(bits, std::memory_order_release);
      return;
    }
    Bucket* next = overflow_of(*bucket);
    if (next == nullptr) {
      break;
    }
    bucket = next;
  }
  const uint32_t number = take_overflow();
  debug_check([&] { return entries_of(overflow_[number - 1]) == 0; },
              "a bucket that joins a chain is empty");
  overflow_[number - 1].entries[0].store(bits, std::memory_order_release);
  set_overflow(*bucket, number);
}

void Index::drop_empty_overflow(Bucket& home) {
  Bucket* before = &home;
  while (Bucket* bucket = overflow_of(*before)) {
    const bool empty = std::ranges::all_of(bucket->entries, [](const Slot& slot) {
      return slot.load(std::memory_order_relaxed) == 0;
    });
    if (!empty) {
      before = bucket;
      continue;
    }
    const auto number = static_cast<uint32_t>(bucket - overflow_) + 1;
    debug_check(bucket >= overflow_ && number <= max_buckets_,
                "a bucket behind another is an overflow bucket");
    set_overflow(*before, bucket->control.load(std::memory_order_relaxed) >> kOverflowShift);
    set_overflow(*bucket, 0);
    give_overflow(number);
  }
}

uint32_t Index::take_overflow() {
  MutexLock lock(overflow_mutex_);
  if (!free_overflow_.empty()) {
    const uint32_t number = free_overflow_.back();
    free_overflow_.pop_back();
    return number;
  }
  check(overflow_used_ < max_buckets_, "there is an overflow bucket for every item there can be");
  return ++overflow_used_;
}

void Index::give_overflow(uint32_t number) {
  // A reader may still be in the bucket: it finds other entries there at worst, none of them its
  // key, and looks again because its home bucket changed.
  MutexLock lock(overflow_mutex_);
  debug_check(number != 0 && number <= overflow_used_, "an overflow bucket given back was taken");
  free_overflow_.push_back(number);
}

void Index::grow() {
  if (!split_mutex_.try_lock()) {
    return;  // another writer splits a bucket
  }
  const uint64_t size = size_.load(std::memory_order_relaxed);
  const unsigned power = power_in(size);
  const size_t from = split_in(size);
  const size_t to = from + (size_t{1} << power);
  debug_check(to < size_t{2} << power, "the bucket that splits is of this doubling");
  if (to < max_buckets_) {
    split(from, to, power);
  }
  split_mutex_.unlock();
}

void Index::split(size_t from, size_t to, unsigned power) {
  split_slots_.clear();
  split_offsets_.clear();
  Bucket& old_home = buckets_[from];
  Bucket& new_home = buckets_[to];
  lock(old_home);
  for (Bucket* bucket = &old_home; bucket != nullptr; bucket = overflow_of(*bucket)) {
    for (Slot& slot : bucket->entries) {
      const IndexEntry entry(slot.load(std::memory_order_relaxed));
      if (!entry.empty()) {
        split_slots_.push_back(&slot);
        split_offsets_.push_back(entry.offset());
      }
    }
  }
  const size_t entries = split_offsets_.size();
  split_hashes_.resize(entries);
  hashes_of_(split_offsets_, split_hashes_);

  lock(new_home);
  debug_check([&] { return entries_of(new_home) == 0; }, "a bucket that is new is empty");
  size_t moving = 0;
  for (size_t i = 0; i < split_slots_.size(); ++i) {
    if (((split_hashes_[i] >> power) & 1) != 0) {
      split_slots_[moving++] = split_slots_[i];
    }
  }
  split_slots_.resize(moving);
  for (Slot* slot : split_slots_) {
    append(new_home, slot->load(std::memory_order_relaxed));
  }
  const bool last = from + 1 == (size_t{1} << power);
  size_.store(last ? power + 1 : (uint64_t{from} + 1) << 8 | power, std::memory_order_release);
  for (Slot* slot : split_slots_) {
    slot->store(0, std::memory_order_release);
  }
  drop_empty_overflow(old_home);
  debug_check(
      [&] { return entries_of(new_home) == moving && entries_of(old_home) == entries - moving; },
      "a split loses no entry and doubles none");
  unlock(new_home);
  unlock(old_home);
}

}  // namespace ember::storage
