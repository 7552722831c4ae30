// SPDX-License-Identifier: BSD-3-Clause
// Pages go from classes where they are worth little to classes where they are worth more.
//
// What a page is worth in a class is what the class loses or would gain by one page: read items
// that it has to evict, and keys that come back shortly after they were evicted, for each page it
// has. Moving pages from the least to the most of it is what one LRU over all sizes would do.
#include <algorithm>
#include <limits>
#include <utility>

#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// How a write, and a key that comes back, count beside the eviction of an item that was read.
constexpr double kWriteWeight = 0.1;
constexpr double kReturnWeight = 2.0;
// How much more a page must be worth elsewhere is StoreTuning's ratio, 1.25 times as it stands:
// less would move pages to and fro. Much more, if the last move was a short while ago: only classes
// that lie idle give pages at that rate.
constexpr double kLeastRatio = 0.01;
constexpr double kQuickAdvantage = 8;
// A look at the classes is taken each time this share of memory was evicted, or half a page;
// a move is a short while ago until kSettled such looks were taken.
constexpr size_t kLookShare = 512;
constexpr unsigned kSettled = 16;
// A class's loss is smoothed over some so many looks.
constexpr double kSmoothing = 1.0 / 24;
// Of a class's pages, how many are compared to find its cheapest.
constexpr size_t kCompared = 64;

/// True if the page has large chunks that may be held for long: by a value that is still arriving,
/// or by replies that wait to be sent.
bool held(const PageInfo& page) {
  if (page.pins == nullptr) {
    return false;
  }
  for (size_t index = 0; index < page.states->count(); ++index) {
    if (page.states->get(index) == chunk_state::kBusy ||
        page.pins[index].load(std::memory_order_relaxed) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<uint32_t> StoreImpl::cheapest_page(SlabClass& size_class) {
  std::optional<uint32_t> cheapest;
  uint32_t least = std::numeric_limits<uint32_t>::max();
  const auto& numbers = size_class.pages();
  const size_t step = std::max<size_t>(1, numbers.size() / kCompared);
  for (size_t ordinal = 0; ordinal < numbers.size(); ordinal += step) {
    const PageInfo& page = pages_.page(numbers[ordinal]);
    if (!page.draining && page.used < least && !held(page)) {
      least = page.used;
      cheapest = numbers[ordinal];
    }
  }
  return cheapest;
}

bool StoreImpl::relocate(ThreadState& thread, SlabClass& size_class, uint64_t chunk) {
  const uint64_t target = size_class.take();
  if (target == 0) {
    return false;
  }
  const Item& item = *pages_.item(chunk);
  const std::string_view key = item.key();
  const Hash hash = hash_key(key);
  ItemPlan plan{.key = key,
                .hash = hash,
                .client_flags = item.client_flags(),
                .value_size = item.value_size(),
                .sequenced = item.sequenced()};
  Item* copy = ItemWriter::prepare(pages_.at(target), plan);
  std::memcpy(ItemWriter::body(copy, plan), item.body(), item.value_size());
  {
    Index::WriteLock lock(*index_, hash);
    const Index::Hit hit = lock.find([&](uint64_t offset) { return offset == chunk; });
    if (hit) {
      // Under the lock nobody touches the words that change in place.
      ItemWriter::set_exptime(copy, item.exptime());
      seal_durably(copy, plan,
                   {.cas = item.cas(),
                    .sequence = item.sequence(),
                    .offset = target,
                    .salt = salt_,
                    .won = item.won(),
                    .stale = item.stale()});
      enter_queue(*copy, pages_.state(chunk));
      count_in(thread, *copy);
      Index::WriteLock::replace(hit, hit.entry.with_offset(target));
      end_item(thread, chunk);
      rescues_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  size_class.give(target);
  return false;
}

bool StoreImpl::drain_page(ThreadState& thread, SlabClass& size_class, uint32_t number,
                           uint8_t for_class) {
  PageInfo& page = pages_.page(number);
  if (!page.draining) {
    drains_.fetch_add(1, std::memory_order_relaxed);
    page.wanted_by = for_class;
    slabs_[for_class]->pages_coming.fetch_add(1, std::memory_order_relaxed);
    if (StoreObserver* const observer = thread.observer(); observer != nullptr) {
      observer->on_page_move(size_class.id(), for_class);
    }
    if (size_class.start_drain(number)) {
      free_page(size_class, number);
      pages_moved_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  // Relocation must leave writers their reserve.
  size_t spare =
      size_class.free_chunks() - std::min(size_class.free_chunks(), size_class.reserve());
  for (uint32_t index = 0; index < page.states->count(); ++index) {
    const uint8_t state = page.states->get(index);
    const bool item_like = chunk_state::is_queued(state) || state == chunk_state::kPart ||
                           state == chunk_state::kDirectory;
    if (!item_like) {
      continue;
    }
    const uint64_t chunk = pages_.offset_at({number, index}, size_class.chunk_size());
    const uint64_t offset = item_at_chunk(chunk);
    if (!trusted(offset)) {
      continue;  // until it is dropped
    }
    const Item& item = *pages_.item(offset);
    if (spare > 0 && offset == chunk && !item.chained() && !dead(item) &&
        relocate(thread, size_class, chunk)) {
      --spare;
      continue;
    }
    const Hash hash = hash_key(item.key());
    const Index::Hit hit = index_->find(hash, [&](uint64_t other) { return other == offset; });
    if (hit && unlink(thread, offset, hash)) {
      note_eviction(thread, size_class, item, hit.entry);
    }
  }
  pages_moved_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void StoreImpl::continue_drains(ThreadState& thread) {
  for (uint32_t number = 0; number < pages_.count(); ++number) {
    const uint8_t id = pages_.page(number).class_id.load(std::memory_order_relaxed);
    if (id == 0) {
      continue;
    }
    SlabClass& size_class = *slabs_[id];
    MutexLock lock(size_class.mutex);
    PageInfo& page = pages_.page(number);
    if (page.class_id.load(std::memory_order_relaxed) == id && page.draining) {
      drain_page(thread, size_class, number, page.wanted_by);
      pages_moved_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

double StoreImpl::worth_of_page(SlabClass& size_class) const {
  const Pressure& pressure = pressures_[size_class.id()];
  // What happened since the last look counts in full: a class that just began is not idle.
  return (pressure.loss.load(std::memory_order_relaxed) +
          pressure.since(size_class.events, size_class.chunk_size())) /
         static_cast<double>(size_class.pages().size());
}

/// The class that misses a page least, and has one that can go; 0 if there is none.
uint8_t StoreImpl::cheapest_donor(uint8_t for_class) {
  uint8_t donor = 0;
  double least = std::numeric_limits<double>::max();
  for (size_t number = 1; number < slabs_.size(); ++number) {
    SlabClass& size_class = *slabs_[number];
    const uint8_t id = size_class.id();
    MutexLock lock(size_class.mutex);
    if (size_class.pages().empty()) {
      continue;
    }
    const bool spare =
        size_class.free_chunks() >= size_class.chunks_per_page() + size_class.reserve();
    double worth = spare ? -1 : worth_of_page(size_class);
    if (id == for_class) {
      worth = std::numeric_limits<double>::max() / 2;  // only if there is nobody else
    }
    // Of equals, the one with the most pages misses one least.
    worth -= static_cast<double>(size_class.pages().size()) * 1e-9;
    if (worth < least && cheapest_page(size_class)) {
      least = worth;
      donor = id;
    }
  }
  return donor;
}

bool StoreImpl::steal_page(ThreadState& thread, uint8_t for_class) {
  const uint8_t donor = cheapest_donor(for_class);
  if (donor == 0) {
    return false;
  }
  SlabClass& size_class = *slabs_[donor];
  MutexLock lock(size_class.mutex);
  const auto page = cheapest_page(size_class);
  return page && drain_page(thread, size_class, *page, for_class);
}

std::vector<StoreImpl::Standing> StoreImpl::standings() {
  std::vector<Standing> all;
  for (size_t number = 1; number < slabs_.size(); ++number) {
    SlabClass& size_class = *slabs_[number];
    const uint8_t id = size_class.id();
    MutexLock lock(size_class.mutex);
    const double loss = pressures_[id].look(size_class.events, size_class.chunk_size());
    if (!size_class.pages().empty()) {
      all.push_back(
          {.id = id,
           .loss = loss,
           .pages = static_cast<double>(size_class.pages().size()),
           .spare = size_class.free_chunks() >= size_class.chunks_per_page() + size_class.reserve(),
           .roomy = size_class.free_chunks() >=
                    size_class.chunks_per_page() / 2 + size_class.reserve() + kEvictionBatch});
    }
  }
  return all;
}

bool StoreImpl::due_for_balance() {
  uint64_t evicted = 0;
  for (const auto& size_class : slabs_) {
    MutexLock lock(size_class->mutex);
    evicted += (size_class->events.evicted_small + size_class->events.evicted_main) *
               size_class->chunk_size();
  }
  const size_t look =
      std::max(pages_.page_size() / 2, memory_limit_.load(std::memory_order_relaxed) / kLookShare);
  if (evicted - evicted_bytes_seen_ < look) {
    return false;
  }
  evicted_bytes_seen_ = evicted;
  return true;
}

void StoreImpl::balance(ThreadState& thread) {
  if (next_move_.from != 0) {
    finish_move(thread);
    return;
  }
  const uint32_t automove = tuning_.automove.load(std::memory_order_relaxed);
  if (automove == 0 || pages_.excess() != 0 || drains_.load(std::memory_order_relaxed) != 0 ||
      !due_for_balance()) {
    return;
  }
  // Losses a page as they would be after the move: a class of few pages changes much by one.
  const auto with_one_more = [](const Standing& c) { return c.roomy ? 0 : c.loss / (c.pages + 1); };
  const auto with_one_less = [](const Standing& c) {
    if (c.spare) {
      return -1.0;
    }
    // Its only page: its items will go to larger chunks.
    return c.loss / std::max(c.pages - 1, 0.25);
  };
  const std::vector<Standing> all = standings();
  if (all.size() < 2) {
    return;
  }
  const auto neediest = std::ranges::max_element(all, {}, with_one_more);
  const auto richest = std::ranges::min_element(all, {}, with_one_less);
  const bool settled = ++looks_since_move_ > kSettled || automove > 1;
  const double ratio = tuning_.automove_ratio.load(std::memory_order_relaxed);
  const double advantage = settled ? 1 / std::clamp(ratio, kLeastRatio, 1.0) : kQuickAdvantage;
  if (richest->id != neediest->id &&
      with_one_more(*neediest) > std::max(0.0, with_one_less(*richest) * advantage)) {
    looks_since_move_ = 0;
    prepare_move(thread, *slabs_[richest->id], neediest->id);
  }
}

void StoreImpl::prepare_move(ThreadState& thread, SlabClass& size_class, uint8_t for_class) {
  MutexLock lock(size_class.mutex);
  const auto page = cheapest_page(size_class);
  if (!page) {
    return;
  }
  // The class gives up its least valuable items wherever they lie; what is left in the page moves
  // to their chunks, once those are free.
  const size_t elsewhere = size_class.free_chunks() -
                           std::min<size_t>(size_class.free_chunks(), pages_.page(*page).free);
  const size_t needed = pages_.page(*page).used + size_class.reserve();
  if (needed > elsewhere) {
    evict(thread, size_class, needed - elsewhere);
    // These were the move's doing and say nothing of the class's need.
    pressures_[size_class.id()].main_evicted = size_class.events.evicted_main;
  }
  next_move_ = {*page, size_class.id(), for_class};
}

void StoreImpl::finish_move(ThreadState& thread) {
  const Move move = std::exchange(next_move_, Move());
  SlabClass& size_class = *slabs_[move.from];
  MutexLock lock(size_class.mutex);
  const PageInfo& page = pages_.page(move.page);
  if (page.class_id.load(std::memory_order_relaxed) == move.from && !page.draining) {
    drain_page(thread, size_class, move.page, move.to);
  }
}

double Pressure::since(const ClassEvents& events, uint32_t chunk_size) const {
  const auto read = static_cast<double>(events.evicted_main - main_evicted);
  const auto written = static_cast<double>(events.taken - taken);
  const auto returned = static_cast<double>(events.ghost_hits - ghost_hits);
  return (read + written * kWriteWeight + returned * kReturnWeight) * chunk_size;
}

double Pressure::look(const ClassEvents& events, uint32_t chunk_size) {
  const double now = since(events, chunk_size);
  main_evicted = events.evicted_main;
  taken = events.taken;
  ghost_hits = events.ghost_hits;
  const double before = loss.load(std::memory_order_relaxed);
  const double smoothed = before + (now - before) * kSmoothing;
  loss.store(smoothed, std::memory_order_relaxed);
  return smoothed;
}

}  // namespace ember::storage
