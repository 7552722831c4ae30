// SPDX-License-Identifier: BSD-3-Clause
#include "storage/restart/migration.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "storage/restart/frame_found.h"
#include "storage/slab/page_reader.h"

namespace ember::storage {
namespace {

// Of a writer for memory: no other thread is about to free any.
constexpr std::chrono::milliseconds kWait{5};

}  // namespace

Migration::Migration(const Parts& parts, std::span<const uint32_t> pages)
    : parts_(parts),
      core_(parts.core),
      pages_(parts.core.pages),
      numbers_(pages.begin(), pages.end()) {
  std::ranges::sort(numbers_);
  check(std::ranges::adjacent_find(numbers_) == numbers_.end(), "each page is migrated once");
}

bool Migration::listed(uint32_t page) const { return std::ranges::binary_search(numbers_, page); }

uint32_t Migration::chunk_size_of(uint32_t page) const {
  return page_header(core_.region, pages_.page_size(), page).chunk_size;
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
    const ItemCheck check = check_item(item, frame_found(core_, offset, size));
    visit(offset, item, check.verdict);
  }
}

void Migration::add_chains() {
  for (const uint32_t page : numbers_) {
    visit_items(page, [&](uint64_t offset, const Item& item, ItemCheck::Verdict verdict) {
      if (verdict == ItemCheck::intact && item.chained() && !add_chain(offset)) {
        ++broken_chains_;
      }
    });
  }
}

/// Whether a part of `needed` bytes can lie there.
bool Migration::part_intact(uint64_t offset, size_t needed) {
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
  const uint32_t chunk_size = core_.classes.chunk_size(pages_.class_of(offset));
  const ChunkPlace place = pages_.place_of(offset);
  return place.index < pages_.page(page).states->count() && needed <= chunk_size &&
         pages_.offset_at(place, chunk_size) == offset &&
         pages_.state(offset) == chunk_state::kFree;
}

bool Migration::add_chain(uint64_t head) {
  const Item& item = *pages_.item(head);
  const Chain chain = core_.chain(item);
  if (!listed(pages_.page_of(head)) && pages_.state(head) != chunk_state::kFree) {
    return false;  // it lies in another's part
  }
  std::vector<uint64_t> chunks{head};
  for (size_t part = 0; part < chain.count(); ++part) {
    if (!part_intact(chain.offset_of(part), chain.size_of(part))) {
      return false;
    }
    chunks.push_back(chain.offset_of(part));
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
  const bool dead = core_.died_while_down(item);
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
  debug_check(item.chained(), "what is moved as a chain is one");
  Moved moved = copy(item);
  moved.value.reserve(item.value_size());
  core_.chain(item).for_each([&](const Chain::Part& part) {
    moved.value.append(static_cast<const char*>(pages_.at(part.offset)), part.size);
  });
  check(moved.value.size() == item.value_size(), "the parts of a chain are all of its value");
  ItemWriter::seal(pages_.item(head), 0);
  core_.durable.persist(pages_.at(head), Item::kHeaderSize);
  for (const uint64_t chunk : held_[head]) {
    core_.slabs.give(chunk);
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
    if (verdict == ItemCheck::intact && !item.chained() && wanted(item, report)) {
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
  ThreadState thread(parts_.reclaimer, parts_.counters);
  for (const uint32_t page : numbers_) {
    if (core_.giving_up()) {
      return false;  // nothing is in DRAM only
    }
    const std::vector<Moved> items = take_page(page, report);
    pages_.wipe(page);
    if (page < pages_.count()) {
      pages_.add_free(page);
    }
    for (const Moved& moved : items) {
      write_anew(thread, moved, report);
      thread.quiesce();
    }
  }
  check(waiting_.empty(), "every chain that lies in a misfit page was moved");
  report.damaged += broken_chains_;
  report.items = core_.index->entry_count();
  return true;
}

/// Writes an item anew, unless a later one of its key is there, or there is no room.
void Migration::write_anew(ThreadState& thread, const Moved& moved, RecoveryReport& report) {
  const Hash hash = hash_key(moved.key);
  Draft draft = parts_.allocator.draft(thread,
                                       {.key = moved.key,
                                        .hash = hash,
                                        .client_flags = moved.client_flags,
                                        .exptime = moved.exptime,
                                        .value_size = moved.value.size(),
                                        .sequenced = moved.sequenced},
                                       kWait);
  if (draft.outcome() != Outcome::stored) {
    ++report.unfit;
    return;
  }
  draft.fill(moved.value);
  Index::WriteLock lock(*core_.index, hash);
  const Index::Hit old =
      lock.find([&](uint64_t offset) { return parts_.verifier.is_item(offset, moved.key); });
  report.replaced += old ? 1U : 0U;
  if (old && pages_.item(old.entry.offset())->sequence() >= moved.sequence) {
    return;
  }
  parts_.linker.link(thread, lock,
                     {.item = draft.item(),
                      .plan = draft.plan(),
                      .commit = {.cas = moved.cas,
                                 .sequence = moved.sequence,
                                 .offset = pages_.offset_of(draft.item()),
                                 .salt = core_.salt,
                                 .part_size = core_.classes.largest(),
                                 .won = moved.won,
                                 .stale = moved.stale}},
                     old);
  draft.release();
}

}  // namespace ember::storage
