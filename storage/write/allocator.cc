// SPDX-License-Identifier: BSD-3-Clause
#include "storage/write/allocator.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "base/check.h"

namespace ember::storage {
namespace {

// How often a writer looks for room in one class before it thinks again.
constexpr unsigned kLooks = 256;

// After so many, it takes a page that was emptied for a class that has not come for it.
constexpr unsigned kAnyPageAfter = 32;

// After so many looks in a row that found nothing, and nothing on its way, there is nothing.
constexpr unsigned kFruitlessLimit = 8;
constexpr unsigned kFruitlessLimitWithoutEviction = 2;

// From so many looks on, other threads get the processor between two.
constexpr unsigned kYieldAfter = 16;

/// When a writer stops waiting.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds wait)
      : end_(std::chrono::steady_clock::now() + wait) {}
  bool passed() const { return std::chrono::steady_clock::now() > end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Classes that stand this far apart leave each some two pages: with fewer, every new size would
// take a page from another, and back. At best memcached's growth factor.
double tolerated_waste(size_t memory_limit, const SizeClasses& classes) {
  const double range = static_cast<double>(classes.largest()) / classes.chunk_size(1);
  const auto pages =
      static_cast<double>(memory_limit) / static_cast<double>(page_size_for(memory_limit));
  return std::max(1.25, std::pow(range, 2 / pages));
}

}  // namespace

Allocator::Allocator(StoreCore& core, Evictor& evictor, PageBalancer& balancer,
                     Reclaimer& reclaimer)
    : core_(core),
      evictor_(evictor),
      balancer_(balancer),
      reclaimer_(reclaimer),
      tolerated_waste_(tolerated_waste(core.options.memory_limit, core.classes)) {}

uint8_t Allocator::class_for(size_t size, bool any_class) const {
  const uint8_t exact = core_.classes.class_for(size);
  debug_check([&] { return exact == 0 || core_.classes.chunk_size(exact) >= size; },
              "a class's chunks hold what it is chosen for");
  if (exact == 0 || core_.slabs[exact].has_pages() ||
      core_.pages.free_count() > core_.pages.usable() / 4) {
    return exact;
  }
  // A class's first page is dear when few are left: a somewhat larger chunk is cheaper.
  for (size_t number = exact; number < core_.slabs.size(); ++number) {
    const auto id = static_cast<uint8_t>(number);
    if (!any_class && static_cast<double>(core_.classes.chunk_size(id)) >
                          static_cast<double>(size) * tolerated_waste_) {
      break;
    }
    if (core_.slabs[id].has_pages()) {
      return id;
    }
  }
  return exact;
}

Allocator::Fit Allocator::fit(ItemPlan& plan, bool any_class) const {
  if (const uint8_t id = class_for(ItemWriter::size_of(plan, 0), any_class); id != 0) {
    debug_check(core_.classes.chunk_size(id) >= ItemWriter::size_of(plan, 0),
                "an item is not larger than its chunk");
    return {id, 0};
  }
  plan.chained = true;
  const size_t parts = core_.part_count(plan.value_size);
  debug_check(parts != 0, "an item too large for a chunk has a value in parts");
  // A chunk that can be pinned, as the parts can.
  const size_t size = std::max(ItemWriter::size_of(plan, parts), PageTable::kLargeChunk);
  return {class_for(size, any_class), parts};
}

Outcome Allocator::refusal(const ItemPlan& plan) const {
  const bool fits = plan.value_size <= Item::kMaxValueSize &&
                    ItemWriter::size_of(plan, 0) <= core_.options.item_size_max;
  return fits ? Outcome::stored : Outcome::too_large;
}

Allocator::Attempt Allocator::try_draft(ThreadState& thread, ItemPlan plan, bool any_class) {
  if (const Outcome refused = refusal(plan); refused != Outcome::stored) {
    return {Draft(refused)};
  }
  const Fit where = fit(plan, any_class);
  Gathered got;
  if (const uint8_t short_of = gather(thread, plan, where, got); short_of != 0) {
    give_back(plan, got);
    return {{}, short_of};
  }
  return {Draft(core_, got.head, plan)};
}

/// Keeps what it has while it makes room for the rest: two classes that an item needs could take
/// the last page from each other for ever.
Draft Allocator::wait_for_draft(ThreadState& thread, const ItemPlan& wanted,
                                std::chrono::milliseconds wait) {
  const Deadline deadline(wait);
  ItemPlan plan = wanted;
  Fit where;
  Gathered got;
  bool any_class = false;
  for (;;) {
    if (got.head == nullptr) {
      plan = wanted;
      where = fit(plan, any_class);
    }
    const uint8_t short_of = gather(thread, plan, where, got);
    if (short_of == 0) {
      debug_check(got.parts == where.parts, "a draft that is granted has all its parts");
      return {core_, got.head, plan};
    }
    const Room room = make_room(thread, short_of);
    if (room != Room::here && got.head == nullptr && !any_class) {
      any_class = true;  // whatever is large enough, rather than nothing
      continue;
    }
    if (room == Room::none ||
        (room == Room::coming && (!core_.options.evict || deadline.passed()))) {
      give_back(plan, got);
      return Draft(out_of_memory(short_of));
    }
  }
}

Outcome Allocator::out_of_memory(uint8_t class_id) {
  check(class_id != 0, "class 0 has no chunks to run out of");
  SlabClass& size_class = core_.slabs[class_id];
  MutexLock lock(size_class.mutex);
  ++size_class.events.out_of_memory;
  return Outcome::no_memory;
}

/// Takes the chunks that are still lacking. Returns 0 when there are all, else the class that is
/// out of chunks.
uint8_t Allocator::gather(ThreadState& thread, ItemPlan& plan, const Fit& where, Gathered& got) {
  debug_check(got.parts <= where.parts, "an item has no more parts than it needs");
  if (got.head == nullptr) {
    const uint64_t offset = try_take(thread, where.class_id, where.parts == 0 ? &plan : nullptr);
    if (offset == 0) {
      return where.class_id;
    }
    got.head = ItemWriter::prepare(core_.pages.at(offset), plan);
    char* const key = ItemWriter::body(got.head, plan) - plan.key.size();
    plan.key = {key, plan.key.size()};
  }
  if (where.parts == 0) [[likely]] {
    return 0;
  }
  char* const table = ItemWriter::body(got.head, plan);
  const Chain chain = ItemWriter::chain(got.head, plan, core_.classes.largest());
  for (; got.parts < where.parts; ++got.parts) {
    // The last part may be short, but its chunk has an owner as the others have.
    const size_t size = chain.size_of(got.parts);
    const uint8_t class_id = core_.classes.class_for(std::max(size, PageTable::kLargeChunk));
    const uint64_t chunk = try_take(thread, class_id, got.parts == 0 ? &plan : nullptr);
    if (chunk == 0) {
      return class_id;
    }
    Chain::set_offset(table, got.parts, chunk);
  }
  return 0;
}

void Allocator::give_back(const ItemPlan& plan, const Gathered& got) {
  if (got.head == nullptr) {
    return;
  }
  const Chain chain = ItemWriter::chain(got.head, plan, core_.classes.largest());
  debug_check(
      [&] { return core_.pages.state(core_.pages.offset_of(got.head)) == chunk_state::kBusy; },
      "the chunk of an item that is given up is busy");
  for (size_t part = 0; part < got.parts; ++part) {
    debug_check([&] { return core_.pages.state(chain.offset_of(part)) == chunk_state::kBusy; },
                "the parts of an item that is given up are busy");
    core_.slabs.give(chain.offset_of(part));
  }
  core_.slabs.give(core_.pages.offset_of(got.head));
}

/// Returns a busy chunk, or 0. `queued`: the plan of the item that will stand in the class's queue
/// by it, null for other chunks.
uint64_t Allocator::try_take(ThreadState& thread, uint8_t class_id, ItemPlan* queued) {
  debug_check(class_id != 0, "class 0 has no chunks");
  SlabClass& size_class = core_.slabs[class_id];
  MutexLock lock(size_class.mutex);
  const uint64_t offset = size_class.take();
  debug_check([&] { return offset == 0 || core_.pages.state(offset) == chunk_state::kBusy; },
              "a chunk that was taken is busy");
  if (offset != 0 && queued != nullptr && size_class.ghost.recall(queued->hash)) {
    queued->recalled = true;
    ++size_class.events.ghost_hits;
  }
  const bool low = size_class.free_chunks() + size_class.retired_chunks() < size_class.reserve();
  if (offset != 0 && low && core_.options.evict && !core_.slabs.claim_page(size_class)) {
    evictor_.evict(thread, size_class, Evictor::kBatch);
  }
  return offset;
}

/// none: nothing can be freed, nor will be by other threads.
Allocator::Room Allocator::make_room(ThreadState& thread, uint8_t class_id) {
  SlabClass& size_class = core_.slabs[class_id];
  debug_check(class_id != 0, "room is made in a class that has chunks");
  const unsigned limit = core_.options.evict ? kFruitlessLimit : kFruitlessLimitWithoutEviction;
  unsigned fruitless = 0;
  for (unsigned look = 0; look < kLooks; ++look) {
    // Everything this thread found is forgotten: its own epoch must not hold its victims.
    reclaimer_.adopt_orphans(thread.retired);
    thread.quiesce();
    Room room = find_room(thread, size_class, look);
    if (room == Room::here) {
      return room;
    }
    if (room == Room::none && core_.options.evict) {
      const bool coming = size_class.pages_coming.load(std::memory_order_relaxed) != 0;
      room = coming || balancer_.steal_page(thread, class_id) ? Room::coming : Room::none;
    }
    fruitless = room == Room::none ? fruitless + 1 : 0;
    if (fruitless == limit) {
      return Room::none;
    }
    if (look > kYieldAfter) {
      std::this_thread::yield();
    }
  }
  return Room::coming;
}

Allocator::Room Allocator::find_room(ThreadState& thread, SlabClass& size_class, unsigned look) {
  MutexLock lock(size_class.mutex);
  if (size_class.free_chunks() != 0) {
    return Room::here;
  }
  if (core_.slabs.claim_page(size_class, look >= kAnyPageAfter)) {
    debug_check(size_class.free_chunks() != 0, "a page that was claimed has free chunks");
    return Room::here;
  }
  if (size_class.retired_chunks() == 0) {
    const size_t wanted = std::clamp<size_t>(size_class.total_chunks() / 16, 1, Evictor::kBatch);
    ++size_class.events.direct_reclaims;
    if (core_.options.evict) {
      evictor_.evict(thread, size_class, wanted);
    } else {
      evictor_.reclaim_expired(thread, size_class, wanted);
    }
  } else if (look != 0) {
    size_class.raise_reserve();
  }
  return size_class.retired_chunks() != 0 ? Room::coming : Room::none;
}

}  // namespace ember::storage
