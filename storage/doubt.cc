// SPDX-License-Identifier: BSD-3-Clause
// Items taken over by a state file, unread: the memory file may have been damaged since. Until the
// janitor has looked at a page, each item of it is looked at whenever somebody comes by it.
#include <algorithm>

#include "base/log.h"
#include "storage/item/item_check.h"
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// Pages looked at in one round of the janitor's: some hundred microseconds.
constexpr size_t kPagesARound = 2;

}  // namespace

bool StoreImpl::sound(uint64_t offset) const {
  const PageInfo& page = pages_.page(pages_.page_of(offset));
  if (!page.unverified.load(std::memory_order_acquire)) {
    return true;
  }
  const uint32_t chunk_size = classes_.chunk_size(page.class_id.load(std::memory_order_relaxed));
  const ItemCheck check = check_item(
      *pages_.item(offset),
      {.offset = offset, .size = chunk_size, .salt = salt_, .part_size = classes_.largest()});
  return check.verdict == ItemCheck::sound;
}

bool StoreImpl::verify_some() {
  if (unverified_pages_.load(std::memory_order_relaxed) == 0) {
    return false;
  }
  for (size_t looked = 0; looked < kPagesARound && next_unverified_ < pages_.count();
       ++next_unverified_) {
    if (pages_.page(next_unverified_).unverified.load(std::memory_order_relaxed)) {
      verify_page(next_unverified_);
      ++looked;
    }
  }
  if (next_unverified_ == pages_.count()) {
    drop_damaged();
    unverified_pages_.store(0);
  }
  return true;
}

bool StoreImpl::verify_page(uint32_t number) {
  PageInfo& page = pages_.page(number);
  SlabClass& size_class = *slabs_[page.class_id.load(std::memory_order_relaxed)];
  const MutexLock lock(size_class.mutex);
  if (!page.unverified.load() || page.class_id.load(std::memory_order_relaxed) != size_class.id()) {
    return true;  // given back meanwhile
  }
  const size_t before = damaged_.size();
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    const uint8_t state = page.states->get(index);
    const uint64_t chunk = pages_.offset_at({number, index}, size_class.chunk_size());
    // A chained item's first part stands in the queue; its header is a directory.
    const bool item = state == chunk_state::kDirectory ||
                      (chunk_state::is_queued(state) && item_at_chunk(chunk) == chunk);
    if (item && !sound(chunk)) {
      damaged_.push_back(chunk);
    }
  }
  // Where there was damage, doubt stays until that is out of the index.
  page.unverified.store(damaged_.size() != before, std::memory_order_release);
  return damaged_.size() == before;
}

/// Which keys they were nobody knows: the whole index is looked through, once.
void StoreImpl::drop_damaged() {
  if (damaged_.empty()) {
    return;
  }
  std::ranges::sort(damaged_);
  index_->erase_if(
      [this](uint64_t offset) { return std::ranges::binary_search(damaged_, offset); });
  for (const uint64_t chunk : damaged_) {
    const bool chained = pages_.state(chunk) == chunk_state::kDirectory;
    ItemWriter::seal(pages_.item(chunk), 0);
    durable_.persist(pages_.at(chunk), Item::kHeaderSize);
    free_damaged(chunk);
    if (chained) {
      free_parts_of(chunk);
    }
  }
  for (uint32_t number = 0; number < pages_.count(); ++number) {
    pages_.page(number).unverified.store(false, std::memory_order_release);
  }
  damaged_items_.store(damaged_.size());
  log::warning(
      "memory file: {} items were damaged while Ember was down, and are dropped; the file was "
      "written to by others, or its device is failing",
      damaged_.size());
  damaged_.clear();
}

/// Nobody found it, so nobody reads it.
void StoreImpl::free_damaged(uint64_t chunk) {
  slabs_[pages_.class_of(chunk)]->left(pages_.exchange_state(chunk, chunk_state::kBusy));
  give(chunk);
}

/// Its table is not to be believed: whoever names it as owner was its part.
void StoreImpl::free_parts_of(uint64_t head) {
  for (uint32_t number = 0; number < pages_.count(); ++number) {
    const PageInfo& page = pages_.page(number);
    const uint8_t id = page.class_id.load(std::memory_order_relaxed);
    for (uint32_t index = 0; id != 0 && page.owners != nullptr && index < page.states->count();
         ++index) {
      if (page.owners[index].load(std::memory_order_relaxed) == head) {
        page.owners[index].store(0, std::memory_order_relaxed);
        free_damaged(pages_.offset_at({number, index}, classes_.chunk_size(id)));
      }
    }
  }
}

}  // namespace ember::storage
