// SPDX-License-Identifier: BSD-3-Clause
#include "storage/recovery.h"

#include <algorithm>
#include <ranges>
#include <thread>

namespace ember::storage {

void Recovery::survey() {
  std::vector<uint32_t> free;
  const auto count = static_cast<uint32_t>(pages_.count());
  const size_t found = store_.region_.found();
  const auto header_of = [this](uint32_t number) {
    return page_header(store_.region_, pages_.page_size(), number);
  };
  for (uint32_t number = 1; number < count; ++number) {
    const PageHeader header = store_.takeover_.warm ? header_of(number) : PageHeader{};
    if (header.magic == 0 || !header.sound(number, store_.salt_)) {
      damaged_pages_ += header.magic != 0 ? 1U : 0U;
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
      pages_.adopt(number, id, header.generation);
      owned_.push_back(number);
      most_items_ += store_.classes_.chunks_per_page(id);
    } else {
      misfit_pages_.push_back(number);
    }
  }
  const size_t whole = store_.region_.whole().size() / pages_.page_size();
  for (auto number = count; store_.takeover_.warm && number < whole; ++number) {
    if (header_of(number).sound(number, store_.salt_)) {
      misfit_pages_.push_back(number);
    }
  }
  std::ranges::reverse(free);  // the lowest is taken first
  pages_.set_free(std::move(free));
}

void Recovery::start_over() {
  for (const uint32_t number : owned_) {
    const PageInfo& page = pages_.page(number);
    pages_.adopt(number, page.class_id.load(std::memory_order_relaxed), page.generation);
  }
}

Result<Recovery::Outcome> Recovery::run(RecoveryReport& report) {
  if (!store_.takeover_.warm) {
    return Outcome::done;
  }
  auto tallies = scan_all();
  if (!tallies) {
    return std::unexpected(tallies.error());
  }
  if (store_.giving_up()) {
    return Outcome::given_up;
  }
  Tally& first = tallies->front();
  for (const Tally& tally : std::span(*tallies).subspan(1)) {
    first.chained.insert(first.chained.end(), tally.chained.begin(), tally.chained.end());
  }
  Migration migration(store_, misfit_pages_);
  migration.add_chains();
  enter_chained(first, migration);
  hand_over(*tallies, report);
  return migration.run(report) ? Outcome::done : Outcome::cut_short;
}

/// What each thread found.
Result<std::vector<Recovery::Tally>> Recovery::scan_all() {
  const size_t threads =
      std::clamp<size_t>(store_.options_.recovery_threads, 1, std::max<size_t>(1, owned_.size()));
  const size_t most_at_once = page_payload(pages_.page_size()) / store_.classes_.chunk_size(1);
  const auto loader = IndexLoader::open(*store_.index_, threads,
                                        {.most_items = most_items_, .most_at_once = most_at_once});
  if (!loader) {
    return std::unexpected(loader.error());
  }
  Scan scan(**loader, threads);
  scan.most_at_once = most_at_once;
  for (Tally& tally : scan.tallies) {
    tally.changes.resize(store_.slabs_.size());
  }
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < threads; ++i) {
    helpers.emplace_back([this, &scan, i] { this->scan(scan, i); });
  }
  this->scan(scan, 0);
  helpers.clear();  // each has ended
  return std::move(scan.tallies);
}

void Recovery::scan(Scan& scan, size_t thread) {
  for (bool more = true; more;) {
    look_at_pages(scan, thread);
    scan.next_part.store(0, std::memory_order_relaxed);  // by each: nobody takes any yet
    scan.together.arrive_and_wait();
    more = scan.next_page.load(std::memory_order_relaxed) < owned_.size();
    enter_parts(scan, scan.tallies[thread]);
    scan.together.arrive_and_wait();
    scan.loader.clear(thread);
  }
}

void Recovery::look_at_pages(Scan& scan, size_t thread) {
  PageReader reader(store_.region_, pages_.page_size());
  for (;;) {
    if (!scan.loader.room_for(thread, scan.most_at_once)) {
      return;
    }
    if (store_.giving_up()) {
      scan.next_page.store(owned_.size(), std::memory_order_relaxed);  // for all threads
      return;
    }
    const size_t next = scan.next_page.fetch_add(1, std::memory_order_relaxed);
    if (next >= owned_.size()) {
      return;
    }
    scan_page(owned_[next], reader, scan, thread);
  }
}

void Recovery::scan_page(uint32_t number, PageReader& reader, Scan& scan, size_t thread) {
  const PageInfo& page = pages_.page(number);
  const auto count = static_cast<uint32_t>(page.states->count());
  const uint32_t size = store_.classes_.chunk_size(page.class_id.load(std::memory_order_relaxed));
  reader.read(number, size, count, [&](uint32_t index, const Item& item) {
    const ChunkPlace place{.page = number, .index = index};
    const uint64_t offset = pages_.offset_at(place, size);
    const ItemCheck check = check_item(item, store_.frame_found(offset, size));
    if (check.verdict != ItemCheck::no_item) {
      settle({.item = item, .place = place, .offset = offset, .check = check}, scan, thread);
    }
  });
}

/// A chunk that is not empty: to be entered, or to be emptied.
void Recovery::settle(const Seen& seen, Scan& scan, size_t thread) {
  Tally& tally = scan.tallies[thread];
  if (seen.check.verdict == ItemCheck::damaged) {
    // Large chunks hold parts of values too, whose bytes may be anything: not to be written to.
    if (pages_.page(seen.place.page).owners == nullptr) {
      ++tally.damaged;
      discard(seen.offset);
    }
    return;
  }
  tally.last_sequence = std::max(tally.last_sequence, seen.item.sequence());
  if (store_.died_while_down(seen.item)) {
    ++tally.expired;
    discard(seen.offset);
  } else if (seen.item.chained()) {
    tally.chained.push_back({seen.offset, seen.check.hash});
  } else {
    count_in(seen.item, seen.place, chunk_state::kMain, tally);
    scan.loader.add(thread, seen.offset, seen.check.hash);
  }
}

void Recovery::enter_parts(Scan& scan, Tally& tally) {
  for (;;) {
    const size_t part = scan.next_part.fetch_add(1, std::memory_order_relaxed);
    if (part >= scan.loader.part_count()) {
      return;
    }
    scan.loader.take(
        part, [this](Hash hash) { store_.index_->prefetch_to_write(hash); },
        [&](uint64_t offset, Hash hash) { enter({offset, hash}, tally); });
  }
}

bool Recovery::same_key(uint64_t one, uint64_t other) const {
  ItemHead room;
  ItemHead other_room;
  const size_t page_size = pages_.page_size();
  return item_head(store_.region_, page_size, one, room)
      .has_key(item_head(store_.region_, page_size, other, other_room).key());
}

/// A counted item: into the index, unless there is a newer one.
void Recovery::enter(const Candidate& candidate, Tally& tally) {
  const IndexEntry entry = IndexEntry::make(candidate.hash, candidate.offset, now_);
  // Another of the same tag comes by every few hundred items.
  const Index::Hit hit = store_.index_->load(
      candidate.hash, entry, [&](uint64_t other) { return same_key(other, candidate.offset); });
  if (!hit) {
    ++tally.entered;
    return;
  }
  ++tally.replaced;
  const uint64_t other = hit.entry.offset();
  const bool newest = pages_.item(other)->sequence() < pages_.item(candidate.offset)->sequence();
  if (newest) {
    hit.slot->store(entry.bits(), std::memory_order_relaxed);
  }
  const uint64_t older = newest ? other : candidate.offset;
  count_out(older, tally);
  discard(older);
}

void Recovery::count_in(const Item& item, const ChunkPlace& place, uint8_t state, Tally& tally) {
  PageInfo& page = pages_.page(place.page);
  const uint8_t id = page.class_id.load(std::memory_order_relaxed);
  page.states->set(place.index, state);
  page.expires_at(item.exptime());
  ThreadState::ClassChange& change = tally.changes[id];
  ++change.items_added;
  change.bytes_added += item.size();
}

void Recovery::count_out(uint64_t offset, Tally& tally) {
  ThreadState::ClassChange& gone = tally.changes[pages_.class_of(offset)];
  ++gone.items_removed;
  gone.bytes_removed += pages_.item(offset)->size();
}

/// The chunk is free; the next recovery, too, finds nothing in it. Durable at the fence that ends
/// this one: until then the same would be found again.
void Recovery::discard(uint64_t offset) {
  ItemWriter::seal(pages_.item(offset), 0);
  store_.durable_.flush(pages_.at(offset), Item::kHeaderSize);
  pages_.set_state(offset, chunk_state::kFree);
}

/// Takes back what count_in() and enter() did. The chunk's bytes stay.
void Recovery::leave(uint64_t offset, Hash hash, Tally& tally) {
  {
    Index::WriteLock lock(*store_.index_, hash);
    const Index::Hit hit = lock.find([&](uint64_t other) { return other == offset; });
    if (hit) {
      lock.erase(hit);
    }
  }
  count_out(offset, tally);
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
    const auto offset = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
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
    return load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
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
    const auto offset = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
    if (std::ranges::binary_search(misfit_pages_, pages_.page_of(offset))) {
      return true;
    }
  }
  return false;
}

void Recovery::enter_chained(Tally& tally, Migration& migration) {
  for (const Candidate& head : tally.chained) {
    const Item& item = *pages_.item(head.offset);
    if (lies_elsewhere(item) && migration.add_chain(head.offset)) {
      continue;
    }
    if (parts_sound(item)) {
      count_in(item, pages_.place_of(head.offset), chunk_state::kDirectory, tally);
      enter(head, tally);
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
    SlabClass& size_class =
        *store_.slabs_[pages_.page(number).class_id.load(std::memory_order_relaxed)];
    const MutexLock lock(size_class.mutex);
    size_class.adopt_page(number, queued);
  }
  report.items = store_.index_->entry_count();
  report.damaged_pages = damaged_pages_;
}

}  // namespace ember::storage
