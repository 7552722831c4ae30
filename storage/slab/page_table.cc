// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/page_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "storage/item/item_writer.h"

namespace ember::storage {

PageTable::PageTable(std::span<std::byte> arena, size_t page_size, const SizeClasses& classes,
                     size_t capacity)
    : base_(arena.data()),
      classes_(classes),
      page_shift_(static_cast<unsigned>(std::countr_zero(page_size))),
      pages_(arena.size() >> page_shift_, std::max(arena.size(), capacity) >> page_shift_),
      free_count_(pages_.size()),
      unused_(pages_.size()) {
  check(is_page_size(page_size) && arena.size() % page_size == 0, "an arena is whole pages");
  reciprocals_.push_back(0);
  for (size_t id = 1; id <= classes.count(); ++id) {
    const uint64_t size = classes.chunk_size(static_cast<uint8_t>(id));
    reciprocals_.push_back(((uint64_t{1} << 32) + size - 1) / size);
  }
  free_.resize(pages_.size());
  // The lowest page is taken first: resident memory grows from one end.
  std::iota(free_.rbegin(), free_.rend(), 0);
  bytes_.store(pages_.size() * sizeof(PageInfo), std::memory_order_relaxed);
}

/// For assertions: what the counts say is what the lists have.
bool PageTable::balanced() const {
  const auto for_all =
      std::ranges::count_if(free_, [&](uint32_t number) { return pages_[number].wanted_by == 0; });
  return unused_.load() == free_.size() && free_count_.load() == static_cast<size_t>(for_all) &&
         retired_count_.load() == retired_.size() &&
         free_.size() + retired_.size() <= pages_.size() && excess() <= usable();
}

ChunkPlace PageTable::place_of(uint64_t offset) const {
  const uint32_t number = page_of(offset);
  const uint8_t id = pages_[number].class_id.load(std::memory_order_relaxed);
  const uint64_t inside = (offset & ((uint64_t{1} << page_shift_) - 1)) - sizeof(PageHeader);
  // Exact: offsets of chunks are multiples of the chunk size, and inside * error < 2^32.
  return {number, static_cast<uint32_t>((inside * reciprocals_[id]) >> 32)};
}

std::optional<uint32_t> PageTable::take_free(uint8_t class_id, bool any) {
  MutexLock lock(mutex_);
  return pop_free(class_id, any);
}

std::optional<uint32_t> PageTable::pop_free(uint8_t class_id, bool any) {
  const auto ours = std::find_if(free_.rbegin(), free_.rend(), [&](uint32_t number) {
    const uint8_t wanted_by = pages_[number].wanted_by;
    return any || wanted_by == 0 || wanted_by == class_id;
  });
  if (ours == free_.rend()) {
    return std::nullopt;
  }
  const uint32_t number = *ours;
  free_.erase(std::next(ours).base());
  unused_.store(free_.size(), std::memory_order_relaxed);
  if (pages_[number].wanted_by == 0) {
    free_count_.fetch_sub(1, std::memory_order_relaxed);
  }
  return number;
}

std::optional<PageTable::Assigned> PageTable::assign(uint8_t class_id, bool any) {
  if (unused_.load(std::memory_order_relaxed) == 0) {
    return std::nullopt;  // as nearly always: without the lock
  }
  const auto taken = take_free(class_id, any);
  if (!taken) {
    return std::nullopt;
  }
  const uint32_t number = *taken;
  check(pages_[number].class_id.load(std::memory_order_relaxed) == 0,
        "a free page belongs to no class");
  const Assigned assigned{number, pages_[number].wanted_by};
  prepare(pages_[number], class_id);
  write_header(number, class_id);
  return assigned;
}

void PageTable::prepare(PageInfo& page, uint8_t class_id) {
  check(class_id != 0 && class_id <= classes_.count(), "a page is made ready for a class");
  const uint32_t chunks = classes_.chunks_per_page(class_id);
  if (page.states != nullptr) {
    bytes_.fetch_sub(page.states->count(), std::memory_order_relaxed);  // recovery starts over
  }
  page.states = std::make_unique<ChunkStates>(chunks);
  bytes_.fetch_add(chunks, std::memory_order_relaxed);
  if (classes_.chunk_size(class_id) >= kLargeChunk) {
    page.owners = std::make_unique<std::atomic<uint64_t>[]>(chunks);
    page.pins = std::make_unique<std::atomic<uint32_t>[]>(chunks);
  }
  page.unverified.store(false, std::memory_order_relaxed);
  page.draining = false;
  page.wanted_by = 0;
  page.listed = false;
  page.used = 0;
  page.free = chunks;
  page.earliest_expiry.store(PageInfo::kNever, std::memory_order_relaxed);
  page.class_id.store(class_id, std::memory_order_relaxed);
}

void PageTable::write_header(uint32_t number, uint8_t class_id) {
  check(!media_.persistent || number != 0, "the superblock's page is no class's");
  PageHeader header{};
  header.page = number;
  header.generation = ++pages_[number].generation;
  header.chunk_size = classes_.chunk_size(class_id);
  header.class_id = class_id;
  header.file_id = media_.file_id;
  header.seal();
  if (media_.persistent) {
    clear_seals(number, class_id);
  }
  std::byte* const place = base_ + (size_t{number} << page_shift_);
  store_unaligned(place, header);
  media_.durable.persist(place, sizeof(header));
}

/// What the page held before, with chunks of another size, must not look like items of this one.
void PageTable::clear_seals(uint32_t number, uint8_t class_id) {
  const uint32_t size = classes_.chunk_size(class_id);
  for (uint32_t index = 0; index < classes_.chunks_per_page(class_id); ++index) {
    Item* const chunk = item(offset_at({number, index}, size));
    if (chunk->seal() != 0) {  // the pages of a new file are not written to before they are used
      ItemWriter::seal(chunk, 0);
      media_.durable.flush(chunk, Item::kHeaderSize);
    }
  }
  media_.durable.fence();
}

void PageTable::set_free(std::vector<uint32_t> numbers) {
  debug_check(
      [&] {
        return std::ranges::all_of(
            numbers, [&](uint32_t number) { return pages_[number].class_id.load() == 0; });
      },
      "pages that are free belong to no class");
  MutexLock lock(mutex_);
  free_ = std::move(numbers);
  unused_.store(free_.size(), std::memory_order_relaxed);
  free_count_.store(free_.size(), std::memory_order_relaxed);
  debug_check(!kDebugChecks || balanced(), "each page is free, a class's or retired");
}

void PageTable::add_free(uint32_t number) {
  check(pages_[number].class_id.load(std::memory_order_relaxed) == 0,
        "a page that becomes free belongs to no class");
  MutexLock lock(mutex_);
  push_free(number);
}

void PageTable::push_free(uint32_t number) {
  free_.push_back(number);
  unused_.store(free_.size(), std::memory_order_relaxed);
  if (pages_[number].wanted_by == 0) {
    free_count_.fetch_add(1, std::memory_order_relaxed);
  }
}

void PageTable::adopt(uint32_t number, uint8_t class_id, uint32_t generation) {
  prepare(pages_[number], class_id);
  pages_[number].generation = generation;
}

QueuedChunks PageTable::count_chunks(uint32_t number) {
  PageInfo& page = pages_[number];
  const ChunkStates::Counters counters = page.states->count_states();
  page.free = static_cast<uint32_t>(counters.free);
  page.used = static_cast<uint32_t>(page.states->count() - counters.free);
  check(counters.small + counters.main <= page.used, "chunks in the queues are in use");
  return {.small = counters.small, .main = counters.main};
}

void PageTable::wipe(uint32_t number) {
  std::byte* const place = base_ + (size_t{number} << page_shift_);
  const PageHeader none{};
  if (std::memcmp(place, &none, sizeof(none)) != 0) {
    store_unaligned(place, none);
    media_.durable.persist(place, sizeof(none));
  }
}

void PageTable::release(uint32_t number) {
  PageInfo& page = pages_[number];
  check(page.used == 0 && page.free == page.states->count(),
        "a page is released when all its chunks are free");
  wipe(number);
  bytes_.fetch_sub(page.states->count(), std::memory_order_relaxed);
  page.class_id.store(0, std::memory_order_relaxed);
  page.unverified.store(false, std::memory_order_relaxed);
  page.states.reset();
  page.owners.reset();
  page.pins.reset();
  MutexLock lock(mutex_);
  if (retire(number)) {
    return;
  }
  push_free(number);
}

void PageTable::add_excess(size_t pages) {
  MutexLock lock(mutex_);
  check(pages <= usable() - excess(), "no more pages go than there are");
  excess_.fetch_add(pages, std::memory_order_relaxed);
}

size_t PageTable::drop_excess(size_t most) {
  MutexLock lock(mutex_);
  const size_t dropped = std::min(most, excess());
  excess_.fetch_sub(dropped, std::memory_order_relaxed);
  return dropped;
}

/// Returns false if there are not too many pages. Excess and retired change under one lock, so that
/// their sum is the same to every other call.
bool PageTable::retire(uint32_t number) {
  if (excess() == 0) {
    return false;
  }
  if (region_ != nullptr) {
    region_->decommit(size_t{number} << page_shift_, page_size());
  }
  pages_[number].wanted_by = 0;
  excess_.fetch_sub(1, std::memory_order_relaxed);
  retired_.push_back(number);
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
  debug_check(!kDebugChecks || balanced(), "each page is free, a class's or retired");
  return true;
}

void PageTable::retire_free() {
  for (;;) {
    // Locked for each page anew: giving many back takes its time, and writers may wait for one.
    const MutexLock lock(mutex_);
    const auto number = excess() == 0 ? std::nullopt : pop_free(0, false);
    if (!number) {
      return;
    }
    retire(*number);
  }
}

Result<void> PageTable::commit_retired() {
  MutexLock lock(mutex_);
  check(!retired_.empty(), "only a page that was retired is brought back");
  const uint32_t number = retired_.back();
  if (region_ != nullptr) {
    if (auto taken = region_->commit(size_t{number} << page_shift_, page_size()); !taken) {
      return taken;
    }
  }
  retired_.pop_back();
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
  push_free(number);
  debug_check(!kDebugChecks || balanced(), "each page is free, a class's or retired");
  return {};
}

void PageTable::grow(size_t count) {
  MutexLock lock(mutex_);
  const size_t before = pages_.size();
  if (count <= before) {
    return;
  }
  pages_.grow(count);
  std::vector<uint32_t> fresh(count - before);
  std::iota(fresh.rbegin(), fresh.rend(), static_cast<uint32_t>(before));
  free_.insert(free_.begin(), fresh.begin(), fresh.end());
  unused_.store(free_.size(), std::memory_order_relaxed);
  free_count_.fetch_add(fresh.size(), std::memory_order_relaxed);
  bytes_.fetch_add(fresh.size() * sizeof(PageInfo), std::memory_order_relaxed);
  debug_check(!kDebugChecks || balanced(), "each page is free, a class's or retired");
}

}  // namespace ember::storage
