// SPDX-License-Identifier: BSD-3-Clause
#include "storage/recovery.h"

#include <sys/mman.h>

#include <algorithm>
#include <ranges>
#include <thread>

namespace ember::storage {
namespace {

// Items whose buckets are fetched from memory together.
constexpr size_t kBatch = 32;
// How many chunks ahead of the one looked at the next is fetched.
constexpr size_t kAhead = 8;

}  // namespace

void Recovery::survey() {
  std::vector<uint32_t> free;
  const auto count = static_cast<uint32_t>(pages_.count());
  const size_t found = store_.region_.found();
  for (uint32_t number = 1; number < count; ++number) {
    const PageHeader header = pages_.header(number);
    if (!store_.takeover_.warm || !header.sound(number, store_.salt_)) {
      damaged_pages_ += store_.takeover_.warm && header.magic != 0 ? 1U : 0U;
      free.push_back(number);
      continue;
    }
    if (size_t{number + 1} * pages_.page_size() > found) {
      // The file was cut off within it: values bear no checksum that could tell which are whole.
      pages_.wipe(number);
      ++damaged_pages_;
      free.push_back(number);
      continue;
    }
    const uint8_t id = store_.classes_.class_for(header.chunk_size);
    if (id != 0 && store_.classes_.chunk_size(id) == header.chunk_size) {
      pages_.adopt(number, id);
      owned_.push_back(number);
      most_items_ += store_.classes_.chunks_per_page(id);
    } else {
      homeless_.push_back(number);
    }
  }
  const size_t whole = store_.region_.whole().size() / pages_.page_size();
  for (auto number = count; store_.takeover_.warm && number < whole; ++number) {
    if (pages_.header(number).sound(number, store_.salt_)) {
      homeless_.push_back(number);
    }
  }
  std::ranges::reverse(free);  // the lowest is taken first
  pages_.set_free(std::move(free));
}

void Recovery::start_over() {
  for (const uint32_t number : owned_) {
    pages_.adopt(number, pages_.page(number).class_id.load(std::memory_order_relaxed));
  }
}

Recovery::Outcome Recovery::run(RecoveryReport& report) {
  if (!store_.takeover_.warm) {
    return Outcome::done;
  }
  std::vector<Tally> tallies = scan_all();
  if (store_.giving_up()) {
    return Outcome::given_up;
  }
  for (size_t i = 1; i < tallies.size(); ++i) {
    tallies[0].chained.insert(tallies[0].chained.end(), tallies[i].chained.begin(),
                              tallies[i].chained.end());
  }
  Rehousing rehousing(store_, homeless_);
  rehousing.add_chains();
  enter_chained(tallies[0], rehousing);
  hand_over(tallies, report);
  return rehousing.run(report) ? Outcome::done : Outcome::cut_short;
}

/// What each thread found.
std::vector<Recovery::Tally> Recovery::scan_all() {
  const size_t threads =
      std::clamp<size_t>(store_.options_.recovery_threads, 1, std::max<size_t>(1, owned_.size()));
  std::vector<Tally> tallies(threads);
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < threads; ++i) {
    helpers.emplace_back([this, &tallies, i] { scan(tallies[i]); });
  }
  scan(tallies[0]);
  helpers.clear();  // each has ended
  return tallies;
}

void Recovery::scan(Tally& tally) {
  tally.changes.resize(store_.slabs_.size());
  for (;;) {
    const size_t next = next_.fetch_add(1, std::memory_order_relaxed);
    if (next >= owned_.size() || store_.giving_up()) {
      return;
    }
    scan_page(owned_[next], tally);
  }
}

void Recovery::scan_page(uint32_t number, Tally& tally) {
  // All of it at once: fault by fault takes longer than looking at the items.
  ::madvise(pages_.at(uint64_t{number} * pages_.page_size()), pages_.page_size(),
            MADV_POPULATE_READ);
  std::vector<Candidate> found;
  found.reserve(kBatch);
  const PageInfo& page = pages_.page(number);
  const uint32_t size = store_.classes_.chunk_size(page.class_id.load(std::memory_order_relaxed));
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    const uint64_t offset = pages_.offset_at({number, index}, size);
    __builtin_prefetch(pages_.at(offset + kAhead * size));  // never faults, wherever that is
    judge_chunk(offset, size, found, tally);
    if (found.size() == kBatch) {
      enter_all(found, tally);
    }
  }
  enter_all(found, tally);
}

void Recovery::judge_chunk(uint64_t offset, uint32_t chunk_size, std::vector<Candidate>& found,
                           Tally& tally) {
  const Item& item = *pages_.item(offset);
  const ItemCheck check = check_item(item, {.offset = offset,
                                            .size = chunk_size,
                                            .salt = store_.salt_,
                                            .part_size = store_.classes_.largest(),
                                            .last_sequence = store_.takeover_.record.cas});
  if (check.verdict == ItemCheck::no_item) {
    return;
  }
  if (check.verdict == ItemCheck::damaged) {
    // Large chunks hold parts of values too, whose bytes may be anything: not to be written to.
    if (pages_.page(pages_.page_of(offset)).owners == nullptr) {
      ++tally.damaged;
      discard(offset);
    }
    return;
  }
  tally.last_sequence = std::max(tally.last_sequence, item.sequence());
  if (store_.died_while_down(item)) {
    ++tally.expired;
    discard(offset);
  } else if (item.chained()) {
    tally.chained.push_back({offset, check.hash});
  } else {
    store_.index_->prefetch_to_write(check.hash);
    found.push_back({offset, check.hash});
  }
}

void Recovery::enter_all(std::vector<Candidate>& found, Tally& tally) {
  for (const Candidate& candidate : found) {
    enter(candidate, chunk_state::kMain, tally);
  }
  found.clear();
}

bool Recovery::enter(const Candidate& candidate, uint8_t state, Tally& tally) {
  const Item& item = *pages_.item(candidate.offset);
  const std::string_view key = item.key();
  const IndexEntry entry = IndexEntry::make(candidate.hash, candidate.offset, store_.clock_.now());
  Index::WriteLock lock(*store_.index_, candidate.hash);
  const Index::Hit hit = lock.find([&](uint64_t other) { return store_.is_item(other, key); });
  if (hit && pages_.item(hit.entry.offset())->sequence() >= item.sequence()) {
    ++tally.replaced;
    discard(candidate.offset);
    return false;
  }
  pages_.set_state(candidate.offset, state);
  pages_.page(pages_.page_of(candidate.offset)).expires_at(item.exptime());
  ThreadState::ClassChange& change = tally.changes[store_.class_of(item)];
  ++change.items_added;
  change.bytes_added += item.size();
  if (!hit) {
    lock.insert_uncounted(entry);
    ++tally.entered;
    return true;
  }
  Index::WriteLock::replace(hit, entry);
  ++tally.replaced;
  const Item& older = *pages_.item(hit.entry.offset());
  ThreadState::ClassChange& gone = tally.changes[store_.class_of(older)];
  ++gone.items_removed;
  gone.bytes_removed += older.size();
  discard(hit.entry.offset());
  return true;
}

/// The chunk is free; the next recovery, too, finds nothing in it. Durable at the fence that ends
/// this one: until then the same would be found again.
void Recovery::discard(uint64_t offset) {
  ItemWriter::seal(pages_.item(offset), 0);
  store_.durable_.flush(pages_.at(offset), Item::kHeaderSize);
  pages_.set_state(offset, chunk_state::kFree);
}

/// Takes back what enter() did. The chunk's bytes stay.
void Recovery::leave(uint64_t offset, Hash hash, Tally& tally) {
  const Item& item = *pages_.item(offset);
  {
    Index::WriteLock lock(*store_.index_, hash);
    const Index::Hit hit = lock.find([&](uint64_t other) { return other == offset; });
    if (hit) {
      lock.erase(hit);
    }
  }
  ThreadState::ClassChange& gone = tally.changes[store_.class_of(item)];
  ++gone.items_removed;
  gone.bytes_removed += item.size();
}

void Recovery::erase(uint64_t offset, Hash hash, Tally& tally) {
  leave(offset, hash, tally);
  ++tally.damaged;
  discard(offset);
}

/// Each part of a chained item is a chunk of the class that its size asks for, or a larger one.
bool Recovery::parts_sound(const Item& item) const {
  const size_t largest = store_.classes_.largest();
  for (size_t part = 0; part < store_.part_count(item.value_size()); ++part) {
    const auto offset = load<uint64_t>(item.body() + part * sizeof(uint64_t));
    if (offset % 8 != 0 || offset >= store_.region_.bytes().size()) {
      return false;
    }
    const PageInfo& page = pages_.page(pages_.page_of(offset));
    const uint8_t id = page.class_id.load(std::memory_order_relaxed);
    if (id == 0 || page.owners == nullptr ||
        (offset & (pages_.page_size() - 1)) < sizeof(PageHeader)) {
      return false;
    }
    const uint32_t chunk_size = store_.classes_.chunk_size(id);
    const ChunkPlace place = pages_.place_of(offset);
    const size_t needed = std::min(largest, item.value_size() - part * largest);
    if (place.index >= page.states->count() || pages_.offset_at(place, chunk_size) != offset ||
        chunk_size < needed) {
      return false;
    }
  }
  return true;
}

bool Recovery::claim_parts(const Candidate& head, Tally& tally) {
  const Item& item = *pages_.item(head.offset);
  const size_t parts = store_.part_count(item.value_size());
  const auto part_at = [&](size_t part) {
    return load<uint64_t>(item.body() + part * sizeof(uint64_t));
  };
  for (size_t part = 0; part < parts; ++part) {
    const uint8_t state = pages_.state(part_at(part));
    const bool twice = std::ranges::any_of(std::views::iota(size_t{0}, part), [&](size_t before) {
      return part_at(before) == part_at(part);
    });
    if (twice || state == chunk_state::kPart || state == chunk_state::kDirectory ||
        pages_.page(pages_.page_of(part_at(part)))
                .owners[pages_.place_of(part_at(part)).index]
                .load(std::memory_order_relaxed) != 0) {
      return false;
    }
  }
  for (size_t part = 0; part < parts; ++part) {
    const uint64_t chunk = part_at(part);
    if (chunk_state::is_queued(pages_.state(chunk))) {
      // A value whose bytes look like an item: the chain's own checksum says that it is not.
      leave(chunk, hash_key(pages_.item(chunk)->key()), tally);
    }
    const ChunkPlace place = pages_.place_of(chunk);
    pages_.page(place.page).owners[place.index].store(head.offset, std::memory_order_relaxed);
    pages_.set_state(chunk, part == 0 ? chunk_state::kMain : chunk_state::kPart);
  }
  pages_.page(pages_.page_of(part_at(0))).expires_at(item.exptime());
  return true;
}

/// Some part lies in a page that is not the classes'.
bool Recovery::lies_elsewhere(const Item& item) const {
  for (size_t part = 0; part < store_.part_count(item.value_size()); ++part) {
    const auto offset = load<uint64_t>(item.body() + part * sizeof(uint64_t));
    if (std::ranges::binary_search(homeless_, pages_.page_of(offset))) {
      return true;
    }
  }
  return false;
}

void Recovery::enter_chained(Tally& tally, Rehousing& rehousing) {
  for (const Candidate& head : tally.chained) {
    const Item& item = *pages_.item(head.offset);
    if (lies_elsewhere(item) && rehousing.add_chain(head.offset)) {
      continue;
    }
    if (parts_sound(item)) {
      enter(head, chunk_state::kDirectory, tally);
    } else {
      ++tally.damaged;
      discard(head.offset);
    }
  }
  for (const Candidate& head : tally.chained) {
    if (pages_.state(head.offset) == chunk_state::kDirectory && !claim_parts(head, tally)) {
      erase(head.offset, head.hash, tally);
    }
  }
}

void Recovery::hand_over(const std::vector<Tally>& tallies, RecoveryReport& report) {
  uint64_t last = store_.last_cas_.load();
  const MutexLock threads(store_.threads_mutex_);
  for (const Tally& tally : tallies) {
    report.expired += tally.expired;
    report.replaced += tally.replaced;
    report.damaged += tally.damaged;
    store_.index_->count_in(tally.entered);
    last = std::max(last, tally.last_sequence);
    for (size_t id = 0; id < tally.changes.size(); ++id) {
      store_.past_changes_[id] += tally.changes[id];
    }
  }
  store_.last_cas_.store(last);
  store_.items_at_reset_.store(last);
  for (const uint32_t number : owned_) {
    const QueuedChunks queued = pages_.count_chunks(number);
    SlabClass& slab = *store_.slabs_[pages_.page(number).class_id.load(std::memory_order_relaxed)];
    const MutexLock lock(slab.mutex);
    slab.adopt_page(number, queued);
  }
  report.items = store_.index_->entry_count();
  report.damaged_pages = damaged_pages_;
}

}  // namespace ember::storage
