// SPDX-License-Identifier: BSD-3-Clause
#include "storage/migration.h"

#include <algorithm>
#include <utility>

#include "storage/slab/page_reader.h"

namespace ember::storage {

Migration::Migration(StoreImpl& store, std::vector<uint32_t> pages)
    : store_(store), pages_(store.pages_), numbers_(std::move(pages)) {
  std::ranges::sort(numbers_);
}

bool Migration::listed(uint32_t page) const { return std::ranges::binary_search(numbers_, page); }

uint32_t Migration::chunk_size_of(uint32_t page) const {
  return page_header(store_.region_, pages_.page_size(), page).chunk_size;
}

template <typename Visit>
void Migration::visit_items(uint32_t page, Visit&& visit) {
  const uint32_t size = chunk_size_of(page);
  if (size < Item::kHeaderSize || size % 8 != 0) {
    return;
  }
  for (uint32_t index = 0; index < page_payload(pages_.page_size()) / size; ++index) {
    const uint64_t offset = pages_.offset_at({page, index}, size);
    const Item& item = *pages_.item(offset);
    const ItemCheck check = check_item(item, store_.frame_found(offset, size));
    visit(offset, item, check.verdict);
  }
}

void Migration::add_chains() {
  for (const uint32_t page : numbers_) {
    visit_items(page, [&](uint64_t offset, const Item& item, ItemCheck::Verdict verdict) {
      if (verdict == ItemCheck::sound && item.chained() && !add_chain(offset)) {
        ++broken_chains_;
      }
    });
  }
}

/// Whether a part of `needed` bytes can lie there.
bool Migration::part_sound(uint64_t offset, size_t needed) {
  const size_t inside = offset & (pages_.page_size() - 1);
  const uint32_t page = pages_.page_of(offset);
  if (offset % 8 != 0 || inside < sizeof(PageHeader) || inside + needed > pages_.page_size()) {
    return false;
  }
  if (listed(page)) {
    return true;
  }
  if (page >= pages_.count() || pages_.class_of(offset) == 0) {
    return false;
  }
  const uint32_t chunk_size = store_.classes_.chunk_size(pages_.class_of(offset));
  const ChunkPlace place = pages_.place_of(offset);
  return place.index < pages_.page(page).states->count() && needed <= chunk_size &&
         pages_.offset_at(place, chunk_size) == offset &&
         pages_.state(offset) == chunk_state::kFree;
}

bool Migration::add_chain(uint64_t head) {
  const Item& item = *pages_.item(head);
  const size_t largest = store_.classes_.largest();
  if (!listed(pages_.page_of(head)) && pages_.state(head) != chunk_state::kFree) {
    return false;  // it lies in another's part
  }
  std::vector<uint64_t> chunks{head};
  for (size_t part = 0; part < store_.part_count(item.value_size()); ++part) {
    const auto offset = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
    if (!part_sound(offset, std::min(largest, item.value_size() - part * largest))) {
      return false;
    }
    chunks.push_back(offset);
  }
  waiting_.insert(head);
  std::vector<uint32_t> pages;
  for (const uint64_t chunk : chunks) {
    const uint32_t page = pages_.page_of(chunk);
    if (!listed(page)) {
      pages_.set_state(chunk, chunk_state::kBusy);
      held_[head].push_back(chunk);
    } else if (std::ranges::find(pages, page) == pages.end()) {
      pages.push_back(page);
      by_page_[page].push_back(head);
    }
  }
  return true;
}

bool Migration::wanted(const Item& item, RecoveryReport& report) const {
  const bool dead = store_.died_while_down(item);
  report.expired += dead ? 1U : 0U;
  return !dead;
}

Migration::Moved Migration::copy(const Item& item) {
  return {.key = std::string(item.key()),
          .value = item.chained() ? std::string() : std::string(item.body(), item.value_size()),
          .cas = item.cas(),
          .sequence = item.sequence(),
          .exptime = item.exptime(),
          .client_flags = item.client_flags(),
          .won = item.won(),
          .stale = item.stale(),
          .sequenced = item.sequenced()};
}

Migration::Moved Migration::take_chain(uint64_t head) {
  const Item& item = *pages_.item(head);
  Moved moved = copy(item);
  moved.value.reserve(item.value_size());
  for (size_t part = 0; part < store_.part_count(item); ++part) {
    moved.value += store_.part(item, part);
  }
  ItemWriter::seal(pages_.item(head), 0);
  store_.durable_.persist(pages_.at(head), Item::kHeaderSize);
  for (const uint64_t chunk : held_[head]) {
    store_.give(chunk);
  }
  return moved;
}

std::vector<Migration::Moved> Migration::take_page(uint32_t page, RecoveryReport& report) {
  std::vector<Moved> all;
  for (const uint64_t head : by_page_[page]) {
    // Once: another page of it may have been given away since.
    if (waiting_.erase(head) != 0) {
      const Item& item = *pages_.item(head);
      const bool keep = wanted(item, report);
      Moved moved = take_chain(head);
      if (keep) {
        all.push_back(std::move(moved));
      }
    }
  }
  const bool large = chunk_size_of(page) >= PageTable::kLargeChunk;
  visit_items(page, [&](uint64_t, const Item& item, ItemCheck::Verdict verdict) {
    if (verdict == ItemCheck::sound && !item.chained() && wanted(item, report)) {
      all.push_back(copy(item));
    } else if (verdict == ItemCheck::damaged && !large) {
      ++report.damaged;  // a large chunk may be a part, whose bytes look like anything
    }
  });
  return all;
}

bool Migration::run(RecoveryReport& report) {
  if (numbers_.empty()) {
    return true;
  }
  const auto usual = std::exchange(store_.patience_, std::chrono::milliseconds(5));
  const auto thread = store_.register_thread();
  auto& state = static_cast<ThreadState&>(*thread);
  for (const uint32_t page : numbers_) {
    if (store_.giving_up()) {
      return false;  // nothing is in DRAM only
    }
    const std::vector<Moved> items = take_page(page, report);
    pages_.wipe(page);
    if (page < pages_.count()) {
      pages_.add_free(page);
    }
    for (const Moved& moved : items) {
      settle(state, moved, report);
      state.quiesce();
    }
  }
  store_.patience_ = usual;
  report.damaged += broken_chains_;
  report.items = store_.index_->entry_count();
  return true;
}

void Migration::settle(ThreadState& thread, const Moved& moved, RecoveryReport& report) {
  const Hash hash = hash_key(moved.key);
  Draft draft = store_.draft(thread, {.key = moved.key,
                                      .hash = hash,
                                      .client_flags = moved.client_flags,
                                      .exptime = moved.exptime,
                                      .value_size = moved.value.size(),
                                      .sequenced = moved.sequenced});
  if (draft.outcome() != Outcome::stored) {
    ++report.unfit;
    return;
  }
  draft.fill(moved.value);
  Index::WriteLock lock(*store_.index_, hash);
  const Index::Hit old =
      lock.find([&](uint64_t offset) { return store_.is_item(offset, moved.key); });
  report.replaced += old ? 1U : 0U;
  if (old && pages_.item(old.entry.offset())->sequence() >= moved.sequence) {
    return;
  }
  store_.link(thread, lock, draft, old,
              {.cas = moved.cas,
               .sequence = moved.sequence,
               .offset = pages_.offset_of(draft.item()),
               .salt = store_.salt_,
               .part_size = store_.classes_.largest(),
               .won = moved.won,
               .stale = moved.stale});
  draft.release();
}

}  // namespace ember::storage
