// SPDX-License-Identifier: BSD-3-Clause
#include "storage/restart/recovery.h"

#include <algorithm>
#include <ranges>
#include <thread>

#include "base/check.h"
#include "storage/restart/frame_found.h"

namespace ember::storage {

void Recovery::survey() {
  std::vector<uint32_t> free;
  const auto count = static_cast<uint32_t>(pages_.count());
  const size_t found = core_.region.found();
  const auto header_of = [this](uint32_t number) {
    return page_header(core_.region, pages_.page_size(), number);
  };
  for (uint32_t number = 1; number < count; ++number) {
    const PageHeader header = core_.takeover.warm ? header_of(number) : PageHeader{};
    if (header.magic == 0 || !header.intact(number, core_.salt)) {
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
    const uint8_t id = core_.classes.class_for(header.chunk_size);
    if (id != 0 && core_.classes.chunk_size(id) == header.chunk_size) {
      pages_.adopt(number, id, header.generation);
      owned_.push_back(number);
      most_items_ += core_.classes.chunks_per_page(id);
    } else {
      misfit_pages_.push_back(number);
    }
  }
  check(owned_.size() + misfit_pages_.size() + free.size() + 1 == count,
        "each page but the superblock's is a class's, a misfit or free");
  const size_t whole = core_.region.whole().size() / pages_.page_size();
  for (auto number = count; core_.takeover.warm && number < whole; ++number) {
    if (header_of(number).intact(number, core_.salt)) {
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

Result<Recovery::Outcome> Recovery::run(Migration& migration, RecoveryReport& report) {
  if (!core_.takeover.warm) {
    return Outcome::done;
  }
  check(core_.index->entry_count() == 0, "a scan begins with an empty index");
  auto counters = scan_all();
  if (!counters) {
    return std::unexpected(counters.error());
  }
  if (core_.giving_up()) {
    return Outcome::given_up;
  }
  ScanCounters& first = counters->front();
  for (const ScanCounters& other : std::span(*counters).subspan(1)) {
    first.chained.insert(first.chained.end(), other.chained.begin(), other.chained.end());
  }
  migration.add_chains();
  enter_chained(first, migration);
  hand_over(*counters, report);
  return migration.run(report) ? Outcome::done : Outcome::cut_short;
}

/// What each thread found.
Result<std::vector<Recovery::ScanCounters>> Recovery::scan_all() {
  const size_t threads =
      std::clamp<size_t>(core_.options.recovery_threads, 1, std::max<size_t>(1, owned_.size()));
  const size_t most_at_once = page_payload(pages_.page_size()) / core_.classes.chunk_size(1);
  const auto loader = IndexLoader::open(*core_.index, threads,
                                        {.most_items = most_items_, .most_at_once = most_at_once});
  if (!loader) {
    return std::unexpected(loader.error());
  }
  Scan scan(**loader, threads);
  scan.most_at_once = most_at_once;
  for (ScanCounters& counters : scan.counters) {
    counters.items.resize(core_.slabs.size());
  }
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < threads; ++i) {
    helpers.emplace_back([this, &scan, i] { this->scan(scan, i); });
  }
  this->scan(scan, 0);
  helpers.clear();  // each has ended
  return std::move(scan.counters);
}

void Recovery::scan(Scan& scan, size_t thread) {
  for (bool more = true; more;) {
    look_at_pages(scan, thread);
    scan.next_part.store(0, std::memory_order_relaxed);  // by each: nobody takes any yet
    scan.together.arrive_and_wait();
    more = scan.next_page.load(std::memory_order_relaxed) < owned_.size();
    enter_parts(scan, scan.counters[thread]);
    scan.together.arrive_and_wait();
    scan.loader.clear(thread);
  }
}

void Recovery::look_at_pages(Scan& scan, size_t thread) {
  PageReader reader(core_.region, pages_.page_size());
  for (;;) {
    if (!scan.loader.room_for(thread, scan.most_at_once)) {
      return;
    }
    if (core_.giving_up()) {
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
  const uint32_t size = core_.classes.chunk_size(page.class_id.load(std::memory_order_relaxed));
  reader.read(number, size, count, [&](uint32_t index, const Item& item) {
    const ChunkPlace place{.page = number, .index = index};
    const uint64_t offset = pages_.offset_at(place, size);
    const ItemCheck check = check_item(item, frame_found(core_, offset, size));
    if (check.verdict != ItemCheck::no_item) {
      keep_or_discard({.item = item, .place = place, .offset = offset, .check = check}, scan,
                      thread);
    }
  });
}

/// A chunk that is not empty: to be entered, or to be emptied.
void Recovery::keep_or_discard(const Seen& seen, Scan& scan, size_t thread) {
  ScanCounters& counters = scan.counters[thread];
  if (seen.check.verdict == ItemCheck::damaged) {
    // Large chunks hold parts of values too, whose bytes may be anything: not to be written to.
    if (pages_.page(seen.place.page).owners == nullptr) {
      ++counters.damaged;
      discard(seen.offset);
    }
    return;
  }
  counters.last_sequence = std::max(counters.last_sequence, seen.item.sequence());
  if (core_.died_while_down(seen.item)) {
    ++counters.expired;
    discard(seen.offset);
  } else if (seen.item.chained()) {
    counters.chained.push_back({seen.offset, seen.check.hash});
  } else {
    count_in(seen.item, seen.place, chunk_state::kMain, counters);
    scan.loader.add(thread, seen.offset, seen.check.hash);
  }
}

void Recovery::enter_parts(Scan& scan, ScanCounters& counters) {
  for (;;) {
    const size_t part = scan.next_part.fetch_add(1, std::memory_order_relaxed);
    if (part >= scan.loader.part_count()) {
      return;
    }
    scan.loader.take(
        part, [this](Hash hash) { core_.index->prefetch_to_write(hash); },
        [&](uint64_t offset, Hash hash) { enter({offset, hash}, counters); });
  }
}

bool Recovery::same_key(uint64_t one, uint64_t other) const {
  ItemHead room;
  ItemHead other_room;
  const size_t page_size = pages_.page_size();
  return item_head(core_.region, page_size, one, room)
      .has_key(item_head(core_.region, page_size, other, other_room).key());
}

/// A counted item: into the index, unless there is a newer one.
void Recovery::enter(const Candidate& candidate, ScanCounters& counters) {
  const IndexEntry entry = IndexEntry::make(candidate.hash, candidate.offset, now_);
  // Another of the same tag comes by every few hundred items.
  const Index::Hit hit = core_.index->load(
      candidate.hash, entry, [&](uint64_t other) { return same_key(other, candidate.offset); });
  if (!hit) {
    ++counters.entered;
    return;
  }
  ++counters.replaced;
  const uint64_t other = hit.entry.offset();
  const bool newest = pages_.item(other)->sequence() < pages_.item(candidate.offset)->sequence();
  if (newest) {
    hit.slot->store(entry.bits(), std::memory_order_relaxed);
  }
  const uint64_t older = newest ? other : candidate.offset;
  count_out(older, counters);
  discard(older);
}

void Recovery::count_in(const Item& item, const ChunkPlace& place, uint8_t state,
                        ScanCounters& counters) {
  PageInfo& page = pages_.page(place.page);
  const uint8_t id = page.class_id.load(std::memory_order_relaxed);
  debug_check(id != 0, "an item that is counted lies in a page of a class");
  page.states->set(place.index, state);
  page.expires_at(item.exptime());
  ItemCounters& items = counters.items[id];
  ++items.items_added;
  items.bytes_added += item.size();
}

void Recovery::count_out(uint64_t offset, ScanCounters& counters) {
  ItemCounters& items = counters.items[pages_.class_of(offset)];
  ++items.items_removed;
  items.bytes_removed += pages_.item(offset)->size();
}

/// The chunk is free; the next recovery, too, finds nothing in it. Durable at the fence that ends
/// this one: until then the same would be found again.
void Recovery::discard(uint64_t offset) {
  ItemWriter::seal(pages_.item(offset), 0);
  core_.durable.flush(pages_.at(offset), Item::kHeaderSize);
  pages_.set_state(offset, chunk_state::kFree);
}

/// Takes back what count_in() and enter() did. The chunk's bytes stay.
void Recovery::leave(uint64_t offset, Hash hash, ScanCounters& counters) {
  {
    Index::WriteLock lock(*core_.index, hash);
    const Index::Hit hit = lock.find([&](uint64_t other) { return other == offset; });
    if (hit) {
      lock.erase(hit);
    }
  }
  count_out(offset, counters);
}

void Recovery::erase(uint64_t offset, Hash hash, ScanCounters& counters) {
  leave(offset, hash, counters);
  ++counters.damaged;
  discard(offset);
}

/// Each part of a chained item is a chunk of the class that its size asks for, or a larger one.
bool Recovery::parts_sound(const Item& item) const {
  const Chain chain = core_.chain(item);
  for (size_t part = 0; part < chain.count(); ++part) {
    const uint64_t offset = chain.offset_of(part);
    if (offset % 8 != 0 || offset >= core_.region.bytes().size()) {
      return false;
    }
    const PageInfo& page = pages_.page(pages_.page_of(offset));
    const uint8_t id = page.class_id.load(std::memory_order_relaxed);
    if (id == 0 || page.owners == nullptr ||
        (offset & (pages_.page_size() - 1)) < sizeof(PageHeader)) {
      return false;
    }
    const uint32_t chunk_size = core_.classes.chunk_size(id);
    const ChunkPlace place = pages_.place_of(offset);
    if (place.index >= page.states->count() || pages_.offset_at(place, chunk_size) != offset ||
        chunk_size < chain.size_of(part)) {
      return false;
    }
  }
  return true;
}

bool Recovery::claim_parts(const Candidate& head, ScanCounters& counters) {
  const Item& item = *pages_.item(head.offset);
  const Chain chain = core_.chain(item);
  const size_t parts = chain.count();
  for (size_t part = 0; part < parts; ++part) {
    const uint8_t state = pages_.state(chain.offset_of(part));
    const bool twice = std::ranges::any_of(std::views::iota(size_t{0}, part), [&](size_t before) {
      return chain.offset_of(before) == chain.offset_of(part);
    });
    if (twice || state == chunk_state::kPart || state == chunk_state::kDirectory ||
        pages_.page(pages_.page_of(chain.offset_of(part)))
                .owners[pages_.place_of(chain.offset_of(part)).index]
                .load(std::memory_order_relaxed) != 0) {
      return false;
    }
  }
  for (size_t part = 0; part < parts; ++part) {
    const uint64_t chunk = chain.offset_of(part);
    if (chunk_state::is_queued(pages_.state(chunk))) {
      // A value whose bytes look like an item: the chain's own checksum says that it is not.
      leave(chunk, hash_key(pages_.item(chunk)->key()), counters);
    }
    const ChunkPlace place = pages_.place_of(chunk);
    pages_.page(place.page).owners[place.index].store(head.offset, std::memory_order_relaxed);
    pages_.set_state(chunk, part == 0 ? chunk_state::kMain : chunk_state::kPart);
  }
  pages_.page(pages_.page_of(chain.offset_of(0))).expires_at(item.exptime());
  return true;
}

/// Some part lies in a page that is not the classes'.
bool Recovery::lies_elsewhere(const Item& item) const {
  const Chain chain = core_.chain(item);
  for (size_t part = 0; part < chain.count(); ++part) {
    const uint64_t offset = chain.offset_of(part);
    if (std::ranges::binary_search(misfit_pages_, pages_.page_of(offset))) {
      return true;
    }
  }
  return false;
}

void Recovery::enter_chained(ScanCounters& counters, Migration& migration) {
  for (const Candidate& head : counters.chained) {
    const Item& item = *pages_.item(head.offset);
    if (lies_elsewhere(item) && migration.add_chain(head.offset)) {
      continue;
    }
    if (parts_sound(item)) {
      count_in(item, pages_.place_of(head.offset), chunk_state::kDirectory, counters);
      enter(head, counters);
    } else {
      ++counters.damaged;
      discard(head.offset);
    }
  }
  for (const Candidate& head : counters.chained) {
    if (pages_.state(head.offset) == chunk_state::kDirectory && !claim_parts(head, counters)) {
      erase(head.offset, head.hash, counters);
    }
  }
}

void Recovery::hand_over(const std::vector<ScanCounters>& found, RecoveryReport& report) {
  uint64_t last = core_.order.last();
  for (const ScanCounters& counters : found) {
    report.expired += counters.expired;
    report.replaced += counters.replaced;
    report.damaged += counters.damaged;
    core_.index->count_in(counters.entered);
    last = std::max(last, counters.last_sequence);
    counters_.add_found(counters.items);
  }
  core_.order.restore(last);
  counters_.start_total();
  check(core_.order.last() >= core_.takeover.record.cas, "no number is handed out again");
  for (const uint32_t number : owned_) {
    const QueuedChunks queued = pages_.count_chunks(number);
    SlabClass& size_class =
        core_.slabs[pages_.page(number).class_id.load(std::memory_order_relaxed)];
    const MutexLock lock(size_class.mutex);
    size_class.adopt_page(number, queued);
  }
  report.items = core_.index->entry_count();
  check(report.items <= most_items_, "no more items are found than there are chunks");
  report.damaged_pages = damaged_pages_;
}

}  // namespace ember::storage
