// SPDX-License-Identifier: BSD-3-Clause
#include "storage/read/verifier.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/item/item_check.h"

namespace ember::storage {
namespace {

// Pages verified in one round of the janitor's: some hundred microseconds.
constexpr size_t kPagesARound = 2;

}  // namespace

void Verifier::start(size_t unverified_pages) {
  check(unverified_pages_.load() == 0 && next_page_ == 0, "a store is taken over once");
  unverified_pages_.store(unverified_pages);
}

void Verifier::forget() {
  check(unverified_pages_.load() == 0, "only a takeover that was not completed is forgotten");
  damaged_.clear();
}

bool Verifier::check_unverified(uint64_t offset) const {
  const PageInfo& page = core_.pages.page(core_.pages.page_of(offset));
  if (!page.unverified.load(std::memory_order_acquire)) {
    return true;
  }
  const uint8_t class_id = page.class_id.load(std::memory_order_relaxed);
  const ItemCheck check =
      check_item(*core_.pages.item(offset), {.offset = offset,
                                             .size = core_.classes.chunk_size(class_id),
                                             .salt = core_.salt,
                                             .part_size = core_.classes.largest()});
  return check.verdict == ItemCheck::intact;
}

bool Verifier::verify_some() {
  if (unverified_pages_.load(std::memory_order_relaxed) == 0) {
    return false;
  }
  debug_check(next_page_ < core_.pages.count(), "pages are unverified only until all were seen");
  for (size_t verified = 0; verified < kPagesARound && next_page_ < core_.pages.count();
       ++next_page_) {
    if (core_.pages.page(next_page_).unverified.load(std::memory_order_relaxed)) {
      verify_page(next_page_);
      ++verified;
    }
  }
  if (next_page_ == core_.pages.count()) {
    drop_damaged();
    unverified_pages_.store(0);
  }
  return true;
}

/// A chained item's header is in a directory; its first part, which stands in the queue, is none.
bool Verifier::names_item(uint64_t chunk, uint8_t state) const {
  return state == chunk_state::kDirectory ||
         (chunk_state::is_queued(state) && core_.item_at_chunk(chunk) == chunk);
}

bool Verifier::verify_page(uint32_t number) {
  PageInfo& page = core_.pages.page(number);
  SlabClass& size_class = core_.slabs[page.class_id.load(std::memory_order_relaxed)];
  const MutexLock lock(size_class.mutex);
  if (!page.unverified.load() || page.class_id.load(std::memory_order_relaxed) != size_class.id()) {
    return true;  // released meanwhile
  }
  check(page.states != nullptr, "a page of a class has states of its chunks");
  const size_t before = damaged_.size();
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    const uint64_t chunk = core_.pages.offset_at({number, index}, size_class.chunk_size());
    if (names_item(chunk, page.states->get(index)) && !check_unverified(chunk)) {
      damaged_.push_back(chunk);
    }
  }
  // A page with damage stays unverified until its damaged items are out of the index.
  page.unverified.store(damaged_.size() != before, std::memory_order_release);
  return damaged_.size() == before;
}

/// Which keys they were is not known: the whole index is searched, once.
void Verifier::drop_damaged() {
  std::vector<uint64_t> damaged = std::exchange(damaged_, {});
  if (damaged.empty()) {
    return;
  }
  std::ranges::sort(damaged);
  check(std::ranges::adjacent_find(damaged) == damaged.end(), "a damaged chunk is noted once");
  core_.index->erase_if(
      [&](uint64_t offset) { return std::ranges::binary_search(damaged, offset); });
  for (const uint64_t chunk : damaged) {
    const bool chained = core_.pages.state(chunk) == chunk_state::kDirectory;
    ItemWriter::seal(core_.pages.item(chunk), 0);
    core_.durable.persist(core_.pages.at(chunk), Item::kHeaderSize);
    free_damaged(chunk);
    if (chained) {
      free_parts_of(chunk);
    }
  }
  for (uint32_t number = 0; number < core_.pages.count(); ++number) {
    core_.pages.page(number).unverified.store(false, std::memory_order_release);
  }
  damaged_items_.store(damaged.size());
  log::warning(
      "memory file: {} items were damaged while Ember was down, and are dropped; the file was "
      "written to by others, or its device is failing",
      damaged.size());
}

/// No call found the item, so no thread reads it: its chunk is free without waiting for an epoch.
void Verifier::free_damaged(uint64_t chunk) {
  core_.slabs.of(chunk).left(core_.pages.exchange_state(chunk, chunk_state::kBusy));
  core_.slabs.give(chunk);
}

/// A damaged table is not to be believed: the parts are the chunks that name this head as owner.
void Verifier::free_parts_of(uint64_t head) {
  for (uint32_t number = 0; number < core_.pages.count(); ++number) {
    const PageInfo& page = core_.pages.page(number);
    const uint8_t id = page.class_id.load(std::memory_order_relaxed);
    for (uint32_t index = 0; id != 0 && page.owners != nullptr && index < page.states->count();
         ++index) {
      if (page.owners[index].load(std::memory_order_relaxed) == head) {
        page.owners[index].store(0, std::memory_order_relaxed);
        free_damaged(core_.pages.offset_at({number, index}, core_.classes.chunk_size(id)));
      }
    }
  }
}

}  // namespace ember::storage
