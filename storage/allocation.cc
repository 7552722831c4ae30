// SPDX-License-Identifier: BSD-3-Clause
// Chunks for writers: from the class, from a free page, by eviction, from another class.
#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.h"
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

// How often a writer looks for room in one class before it thinks again.
constexpr unsigned kLooks = 256;

// After so many, it takes a page that was emptied for a class that has not come for it.
constexpr unsigned kFairLooks = 32;

// After so many looks that found nothing, and nothing on its way, there is nothing.
constexpr unsigned kHopeless = 8;

// How long a writer waits for other threads to leave the epoch its victims ended in.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds most)
      : end_(std::chrono::steady_clock::now() + most) {}
  bool exhausted() const { return std::chrono::steady_clock::now() > end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace

size_t StoreImpl::part_size(const ItemPlan& plan, size_t part) const {
  const size_t largest = classes_.largest();
  return std::min(largest, plan.value_size - part * largest);
}

uint8_t StoreImpl::class_for(size_t size, bool any_class) const {
  const uint8_t exact = classes_.class_for(size);
  if (exact == 0 || slabs_[exact]->has_pages() || pages_.free_count() > pages_.usable() / 4) {
    return exact;
  }
  // A class's first page is dear when few are left: a somewhat larger chunk is cheaper.
  for (size_t number = exact; number < slabs_.size(); ++number) {
    const auto id = static_cast<uint8_t>(number);
    if (!any_class &&
        static_cast<double>(classes_.chunk_size(id)) > static_cast<double>(size) * tolerated_) {
      break;
    }
    if (slabs_[id]->has_pages()) {
      return id;
    }
  }
  return exact;
}

StoreImpl::Fit StoreImpl::fit(ItemPlan& plan, bool any_class) const {
  if (const uint8_t id = class_for(ItemWriter::size_of(plan, 0), any_class); id != 0) {
    return {id, 0};
  }
  plan.chained = true;
  const size_t parts = part_count(plan.value_size);
  // A chunk that can be pinned, as the parts can.
  const size_t size = std::max(ItemWriter::size_of(plan, parts), PageTable::kLargeChunk);
  return {class_for(size, any_class), parts};
}

Outcome StoreImpl::refusal(const ItemPlan& plan) const {
  const bool fits = plan.value_size <= Item::kMaxValueSize &&
                    ItemWriter::size_of(plan, 0) <= options_.item_size_max;
  return fits ? Outcome::stored : Outcome::too_large;
}

StoreImpl::Attempt StoreImpl::attempt(ThreadState& thread, ItemPlan plan, bool any_class) {
  if (const Outcome refused = refusal(plan); refused != Outcome::stored) {
    return {{this, refused}};
  }
  const Fit where = fit(plan, any_class);
  Gathered got;
  uint8_t short_of = 0;
  if (!gather(thread, plan, where, got, short_of)) {
    give_back(plan, got);
    return {{}, short_of};
  }
  return {Draft(this, got.head, plan)};
}

Draft StoreImpl::draft(ThreadState& thread, const ItemPlan& plan) {
  Attempt tried = attempt(thread, plan, false);
  return tried.short_of == 0 ? std::move(tried.draft) : patient_draft(thread, plan);
}

/// Keeps what it has while it makes room for the rest: two classes that an item needs could take
/// the last page from each other for ever.
Draft StoreImpl::patient_draft(ThreadState& thread, const ItemPlan& wanted) {
  const Patience patience(patience_);
  ItemPlan plan = wanted;
  Fit where;
  Gathered got;
  uint8_t short_of = 0;
  bool any_class = false;
  for (;;) {
    if (got.head == nullptr) {
      plan = wanted;
      where = fit(plan, any_class);
    }
    if (gather(thread, plan, where, got, short_of)) {
      return {this, got.head, plan};
    }
    const Room room = make_room(thread, short_of);
    if (room != Room::here && got.head == nullptr && !any_class) {
      any_class = true;  // whatever is large enough, rather than nothing
      continue;
    }
    if (room == Room::none || (room == Room::coming && (!options_.evict || patience.exhausted()))) {
      give_back(plan, got);
      return {this, out_of_memory(short_of)};
    }
  }
}

Outcome StoreImpl::out_of_memory(uint8_t class_id) {
  SlabClass& size_class = *slabs_[class_id];
  MutexLock lock(size_class.mutex);
  ++size_class.events.out_of_memory;
  return Outcome::no_memory;
}

bool StoreImpl::gather(ThreadState& thread, ItemPlan& plan, const Fit& where, Gathered& got,
                       uint8_t& short_of) {
  if (got.head == nullptr) {
    short_of = where.class_id;
    const uint64_t offset = try_take(thread, short_of, where.parts == 0 ? &plan : nullptr);
    if (offset == 0) {
      return false;
    }
    got.head = ItemWriter::prepare(pages_.at(offset), plan);
    char* key = ItemWriter::body(got.head, plan) - plan.key.size();
    plan.key = {key, plan.key.size()};
  }
  char* table = ItemWriter::body(got.head, plan);
  for (; got.parts < where.parts; ++got.parts) {
    // The last part may be short, but its chunk has an owner as the others have.
    short_of = classes_.class_for(std::max(part_size(plan, got.parts), PageTable::kLargeChunk));
    const uint64_t chunk = try_take(thread, short_of, got.parts == 0 ? &plan : nullptr);
    if (chunk == 0) {
      return false;
    }
    store_unaligned(table + got.parts * sizeof(uint64_t), chunk);
  }
  return true;
}

void StoreImpl::give_back(const ItemPlan& plan, const Gathered& got) {
  if (got.head == nullptr) {
    return;
  }
  const char* table = ItemWriter::body(got.head, plan);
  for (size_t part = 0; part < got.parts; ++part) {
    give(load_unaligned<uint64_t>(table + part * sizeof(uint64_t)));
  }
  give(pages_.offset_of(got.head));
}

std::span<char> StoreImpl::draft_range(Item* item, const ItemPlan& plan, size_t from) {
  if (from >= plan.value_size) {
    return {};
  }
  char* body = ItemWriter::body(item, plan);
  if (!plan.chained) {
    return {body + from, plan.value_size - from};
  }
  const size_t part = from / classes_.largest();
  const size_t inside = from % classes_.largest();
  const auto chunk = load_unaligned<uint64_t>(body + part * sizeof(uint64_t));
  return {static_cast<char*>(pages_.at(chunk)) + inside, part_size(plan, part) - inside};
}

void StoreImpl::drop(Item* item, const ItemPlan& plan) {
  const char* table = ItemWriter::body(item, plan);
  for (size_t part = 0; plan.chained && part < part_count(plan.value_size); ++part) {
    give(load_unaligned<uint64_t>(table + part * sizeof(uint64_t)));
  }
  give(pages_.offset_of(item));
}

uint64_t StoreImpl::try_take(ThreadState& thread, uint8_t class_id, ItemPlan* queued) {
  SlabClass& size_class = *slabs_[class_id];
  MutexLock lock(size_class.mutex);
  const uint64_t offset = size_class.take();
  if (offset != 0 && queued != nullptr && size_class.ghost.recall(queued->hash)) {
    queued->recalled = true;
    ++size_class.events.ghost_hits;
  }
  const bool low = size_class.free_chunks() + size_class.retired_chunks() < size_class.reserve();
  if (offset != 0 && low && options_.evict && !claim_page(size_class)) {
    evict(thread, size_class, kEvictionBatch);
  }
  return offset;
}

void StoreImpl::give(uint64_t offset) { give_all(std::span(&offset, 1)); }

void StoreImpl::give_all(std::span<const uint64_t> offsets) {
  while (!offsets.empty()) {
    SlabClass& size_class = *slabs_[pages_.class_of(offsets.front())];
    MutexLock lock(size_class.mutex);
    size_t count = 0;
    // A run of one class under one lock.
    while (count < offsets.size() && pages_.class_of(offsets[count]) == size_class.id()) {
      const uint64_t offset = offsets[count++];
      if (pages_.state(offset) == chunk_state::kRetired) {
        size_class.note_reclaimed();
      }
      if (size_class.give(offset)) {
        free_page(size_class, pages_.page_of(offset));
        break;  // the page has no class any more
      }
    }
    offsets = offsets.subspan(count);
  }
}

void StoreImpl::free_page(SlabClass& size_class, uint32_t page) {
  size_class.remove_page(page);
  const uint8_t wanted_by = pages_.page(page).wanted_by;
  if (pages_.excess() != 0) {
    // Whoever waits for it waits in vain: it may be set aside.
    slabs_[wanted_by]->pages_coming.store(0, std::memory_order_relaxed);
  }
  pages_.release(page);
  drains_.fetch_sub(1, std::memory_order_relaxed);
}

bool StoreImpl::claim_page(SlabClass& size_class, bool any) {
  const auto assigned = pages_.assign(size_class.id(), any);
  if (!assigned) {
    return false;
  }
  slabs_[assigned->wanted_by]->pages_coming.store(0, std::memory_order_relaxed);
  size_class.add_page(assigned->page);
  return true;
}

/// none: nothing can be freed, nor will be by other threads.
StoreImpl::Room StoreImpl::make_room(ThreadState& thread, uint8_t class_id) {
  SlabClass& size_class = *slabs_[class_id];
  unsigned hopeless = 0;
  for (unsigned look = 0; look < kLooks; ++look) {
    // Everything this thread found is forgotten: its own epoch must not hold its victims.
    adopt_orphans(thread);
    thread.quiesce();
    Room room = find_room(thread, size_class, look);
    if (room == Room::here) {
      return room;
    }
    if (room == Room::none && options_.evict) {
      const bool coming = size_class.pages_coming.load(std::memory_order_relaxed) != 0;
      room = coming || steal_page(thread, class_id) ? Room::coming : Room::none;
    }
    hopeless = room == Room::none ? hopeless + 1 : 0;
    if (hopeless == (options_.evict ? kHopeless : 2)) {
      return Room::none;
    }
    if (look > 16) {
      std::this_thread::yield();
    }
  }
  return Room::coming;
}

StoreImpl::Room StoreImpl::find_room(ThreadState& thread, SlabClass& size_class, unsigned look) {
  MutexLock lock(size_class.mutex);
  if (size_class.free_chunks() != 0) {
    return Room::here;
  }
  if (claim_page(size_class, look >= kFairLooks)) {
    return Room::here;
  }
  if (size_class.retired_chunks() == 0) {
    const size_t wanted = std::clamp<size_t>(size_class.total_chunks() / 16, 1, kEvictionBatch);
    ++size_class.events.direct_reclaims;
    if (options_.evict) {
      evict(thread, size_class, wanted);
    } else {
      reclaim_expired(thread, size_class, wanted);
    }
  } else if (look != 0) {
    size_class.raise_reserve();
  }
  return size_class.retired_chunks() != 0 ? Room::coming : Room::none;
}

std::span<char> Draft::next() {
  return item_ == nullptr ? std::span<char>() : store_->draft_range(item_, plan_, filled_);
}

void Draft::fill(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> range = next();
    const size_t size = std::min(range.size(), bytes.size());
    check(size != 0, "what is filled into a draft fits it");
    std::memcpy(range.data(), bytes.data(), size);
    advance(size);
    bytes.remove_prefix(size);
  }
}

void Draft::drop() {
  if (item_ != nullptr) {
    store_->drop(item_, plan_);
    item_ = nullptr;
  }
}

Draft& Draft::operator=(Draft&& other) noexcept {
  if (this != &other) {
    drop();
    store_ = other.store_;
    item_ = std::exchange(other.item_, nullptr);
    plan_ = other.plan_;
    outcome_ = other.outcome_;
    filled_ = other.filled_;
  }
  return *this;
}

}  // namespace ember::storage
