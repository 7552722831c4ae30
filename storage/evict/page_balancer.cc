// SPDX-License-Identifier: BSD-3-Clause
#include "storage/evict/page_balancer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace ember::storage {
namespace {

// How much more a page must be worth elsewhere is StoreTuning's ratio, 1.25 times as it stands:
// less would move pages to and fro. Much more, if the last move was a short while ago: only classes
// that lie idle give pages at that rate.
constexpr double kLeastRatio = 0.01;
constexpr double kQuickAdvantage = 8;
// A look at the classes is taken each time this share of memory was evicted, or half a page;
// a move is a short while ago until kLooksToSettle such looks were taken.
constexpr size_t kLookShare = 512;
constexpr unsigned kLooksToSettle = 16;

/// The class could give a page without losing an item.
bool can_spare_page(const SlabClass& size_class) EMBER_REQUIRES(size_class.mutex) {
  return size_class.free_chunks() >= size_class.chunks_per_page() + size_class.reserve();
}

}  // namespace

// Losses a page as they would be after the move: a class of few pages changes much by one.
double PageBalancer::Standing::loss_with_one_more() const { return roomy ? 0 : loss / (pages + 1); }

double PageBalancer::Standing::loss_with_one_less() const {
  if (spare) {
    return -1.0;
  }
  // Its only page: its items will go to larger chunks.
  return loss / std::max(pages - 1, 0.25);
}

PageBalancer::PageBalancer(StoreCore& core, Evictor& evictor, PageMover& mover)
    : core_(core), evictor_(evictor), mover_(mover), pressures_(core.slabs.size()) {}

double PageBalancer::worth_of_page(SlabClass& size_class) const {
  debug_check(!size_class.pages().empty(), "only a class with pages has one to value");
  const Pressure& pressure = pressures_[size_class.id()];
  // What happened since the last look counts in full: a class that just began is not idle.
  return (pressure.loss.load(std::memory_order_relaxed) +
          pressure.since(size_class.events, size_class.chunk_size())) /
         static_cast<double>(size_class.pages().size());
}

uint8_t PageBalancer::cheapest_donor(uint8_t for_class) {
  uint8_t donor = 0;
  double least = std::numeric_limits<double>::max();
  for (size_t number = 1; number < core_.slabs.size(); ++number) {
    SlabClass& size_class = core_.slabs[number];
    const uint8_t id = size_class.id();
    MutexLock lock(size_class.mutex);
    if (size_class.pages().empty()) {
      continue;
    }
    double worth = can_spare_page(size_class) ? -1 : worth_of_page(size_class);
    if (id == for_class) {
      worth = std::numeric_limits<double>::max() / 2;  // only if there is nobody else
    }
    // Of equals, the one with the most pages misses one least.
    worth -= static_cast<double>(size_class.pages().size()) * 1e-9;
    if (worth < least && mover_.cheapest_page(size_class)) {
      least = worth;
      donor = id;
    }
  }
  return donor;
}

bool PageBalancer::steal_page(ThreadState& thread, uint8_t for_class) {
  const uint8_t donor = cheapest_donor(for_class);
  if (donor == 0) {
    return false;
  }
  SlabClass& size_class = core_.slabs[donor];
  MutexLock lock(size_class.mutex);
  const auto page = mover_.cheapest_page(size_class);
  if (!page) {
    return false;
  }
  mover_.drain_page(thread, size_class, *page, for_class);
  return true;
}

std::vector<PageBalancer::Standing> PageBalancer::standings() {
  std::vector<Standing> all;
  for (size_t number = 1; number < core_.slabs.size(); ++number) {
    SlabClass& size_class = core_.slabs[number];
    const uint8_t id = size_class.id();
    MutexLock lock(size_class.mutex);
    const double loss = pressures_[id].look(size_class.events, size_class.chunk_size());
    if (!size_class.pages().empty()) {
      all.push_back(
          {.id = id,
           .loss = loss,
           .pages = static_cast<double>(size_class.pages().size()),
           .spare = can_spare_page(size_class),
           .roomy = size_class.free_chunks() >=
                    size_class.chunks_per_page() / 2 + size_class.reserve() + Evictor::kBatch});
    }
  }
  return all;
}

bool PageBalancer::due_for_look() {
  uint64_t evicted = 0;
  for (const auto& size_class : core_.slabs.all()) {
    MutexLock lock(size_class->mutex);
    evicted += (size_class->events.evicted_small + size_class->events.evicted_main) *
               size_class->chunk_size();
  }
  check(evicted >= evicted_bytes_seen_, "counts of evictions only rise");
  const size_t look = std::max(core_.pages.page_size() / 2,
                               core_.memory_limit.load(std::memory_order_relaxed) / kLookShare);
  if (evicted - evicted_bytes_seen_ < look) {
    return false;
  }
  evicted_bytes_seen_ = evicted;
  return true;
}

/// How many times as much a page must be worth elsewhere.
double PageBalancer::wanted_advantage() {
  const bool at_once = core_.tuning.automove.load(std::memory_order_relaxed) > 1;
  if (++looks_since_move_ <= kLooksToSettle && !at_once) {
    return kQuickAdvantage;
  }
  const double ratio = core_.tuning.automove_ratio.load(std::memory_order_relaxed);
  return 1 / std::clamp(ratio, kLeastRatio, 1.0);
}

void PageBalancer::balance(ThreadState& thread) {
  if (move_planned()) {
    finish_move(thread);
    return;
  }
  if (core_.tuning.automove.load(std::memory_order_relaxed) == 0 || core_.pages.excess() != 0 ||
      core_.slabs.draining() || !due_for_look()) {
    return;
  }
  const std::vector<Standing> all = standings();
  if (all.size() < 2) {
    return;
  }
  const auto neediest = std::ranges::max_element(all, {}, &Standing::loss_with_one_more);
  const auto richest = std::ranges::min_element(all, {}, &Standing::loss_with_one_less);
  const double least = std::max(0.0, richest->loss_with_one_less() * wanted_advantage());
  if (richest->id != neediest->id && neediest->loss_with_one_more() > least) {
    looks_since_move_ = 0;
    plan_move(thread, core_.slabs[richest->id], neediest->id);
  }
}

std::optional<uint32_t> PageBalancer::plan_move(ThreadState& thread, SlabClass& size_class,
                                                uint8_t for_class) {
  check(!move_planned(), "one move is planned at a time");
  check(size_class.id() != 0, "a page that moves has a class");
  MutexLock lock(size_class.mutex);
  const auto page = mover_.cheapest_page(size_class);
  if (!page) {
    return std::nullopt;
  }
  // The class gives up its least valuable items wherever they lie; what is left in the page moves
  // to their chunks, once those are free.
  const size_t elsewhere = size_class.free_chunks() -
                           std::min<size_t>(size_class.free_chunks(), core_.pages.page(*page).free);
  const size_t needed = core_.pages.page(*page).used + size_class.reserve();
  if (needed > elsewhere) {
    evictor_.evict(thread, size_class, needed - elsewhere);
    // These were the move's doing and say nothing of the class's need.
    pressures_[size_class.id()].main_evicted = size_class.events.evicted_main;
  }
  next_move_ = {*page, size_class.id(), for_class};
  return page;
}

void PageBalancer::finish_move(ThreadState& thread) {
  const Move move = std::exchange(next_move_, Move());
  check(move.from != 0, "a move that is finished was planned");
  SlabClass& size_class = core_.slabs[move.from];
  MutexLock lock(size_class.mutex);
  const PageInfo& page = core_.pages.page(move.page);
  if (page.class_id.load(std::memory_order_relaxed) == move.from && !page.draining) {
    mover_.drain_page(thread, size_class, move.page, move.to);
  }
}

}  // namespace ember::storage
