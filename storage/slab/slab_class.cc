// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/slab_class.h"

#include <algorithm>

#include "base/check.h"

namespace ember::storage {

SlabClass::SlabClass(uint8_t id, PageTable& table, const SizeClasses& sizes)
    : id_(id),
      chunk_size_(sizes.chunk_size(id)),
      chunks_per_page_(sizes.chunks_per_page(id)),
      table_(table) {
  check(id <= sizes.count(), "a class has a size, or is the class of none");
}

/// For assertions: each chunk is used, free or cached, and the free ones are counted.
bool SlabClass::balanced() const {
  size_t used = 0, free = 0, draining = 0;
  for (const uint32_t number : pages_) {
    const PageInfo& page = table_.page(number);
    used += page.used;
    free += page.free;
    draining += page.draining ? page.free : 0;
    if (page.listed && (page.draining || page.free == 0)) {
      return false;
    }
  }
  return used + free + cache_.size() == total_chunks() && free_ == free - draining + cache_.size();
}

void SlabClass::add_page(uint32_t page) {
  pages_.push_back(page);
  page_count_.store(pages_.size(), std::memory_order_relaxed);
  free_ += chunks_per_page_;
  list(page);
  debug_check(!kDebugChecks || balanced(), "each chunk of a class is used, free or cached");
}

void SlabClass::adopt_page(uint32_t number, const QueuedChunks& queued) {
  const PageInfo& page = table_.page(number);
  check(page.class_id.load(std::memory_order_relaxed) == id_ &&
            page.used + page.free == chunks_per_page_,
        "a page that is adopted is the class's, its chunks counted");
  pages_.push_back(number);
  page_count_.store(pages_.size(), std::memory_order_relaxed);
  small_.fetch_add(static_cast<int64_t>(queued.small), std::memory_order_relaxed);
  main_.fetch_add(static_cast<int64_t>(queued.main), std::memory_order_relaxed);
  free_ += page.free;
  if (page.free != 0) {
    list(number);
  }
}

SlabClass::Queues SlabClass::queues() const {
  return {.small_page = small_hand_.ordinal,
          .small_index = small_hand_.index,
          .main_page = main_hand_.ordinal,
          .main_index = main_hand_.index,
          .passed = passed_,
          .generation = generation_.load(std::memory_order_relaxed)};
}

void SlabClass::set_queues(const Queues& queues) {
  small_hand_ = {queues.small_page, queues.small_index};
  main_hand_ = {queues.main_page, queues.main_index};
  passed_ = queues.passed;
  generation_.store(static_cast<uint8_t>(queues.generation), std::memory_order_relaxed);
}

void SlabClass::list(uint32_t page) {
  PageInfo& info = table_.page(page);
  if (!info.listed) {
    info.listed = true;
    with_free_.push_back(page);
  }
}

uint64_t SlabClass::take() {
  if (cache_.empty() && !refill()) {
    return 0;
  }
  const uint64_t offset = cache_.back();
  cache_.pop_back();
  check(free_ != 0, "a chunk that is taken was counted as free");
  --free_;
  ++events.taken;
  PageInfo& page = table_.page(table_.page_of(offset));
  ++page.used;
  const ChunkPlace place = table_.place_of(offset);
  debug_check([&] { return page.states->get(place.index) == chunk_state::kCached; },
              "a chunk that is taken was cached");
  page.states->set(place.index, chunk_state::kBusy);
  if (page.owners != nullptr) {
    page.owners[place.index].store(0, std::memory_order_relaxed);
  }
  return offset;
}

bool SlabClass::refill() {
  while (cache_.size() < kRefill && !with_free_.empty()) {
    const uint32_t number = with_free_.back();
    PageInfo& page = table_.page(number);
    size_t index = 0;
    while (page.free != 0 && cache_.size() < kRefill) {
      index = page.states->find_free(index);
      check(index < page.states->count(), "a page has the free chunks that it counts");
      page.states->set(index, chunk_state::kCached);
      --page.free;
      cache_.push_back(table_.offset_at({number, static_cast<uint32_t>(index)}, chunk_size_));
    }
    if (page.free == 0) {
      page.listed = false;
      with_free_.pop_back();
    }
  }
  // Chunks are given out from the back: in the order of their addresses.
  std::ranges::reverse(cache_);
  return !cache_.empty();
}

bool SlabClass::give(uint64_t offset) {
  const ChunkPlace place = table_.place_of(offset);
  PageInfo& page = table_.page(place.page);
  check(page.used != 0, "a chunk that becomes free was counted as used");
  debug_check(
      [&] {
        const uint8_t state = page.states->get(place.index);
        return state != chunk_state::kFree && state != chunk_state::kCached &&
               table_.offset_at(place, chunk_size_) == offset;
      },
      "a chunk that becomes free is a chunk in use");
  --page.used;
  if (page.draining) {
    page.states->set(place.index, chunk_state::kFree);
    ++page.free;
    return page.used == 0;
  }
  ++free_;
  if (cache_.size() < kCacheSize) {
    page.states->set(place.index, chunk_state::kCached);
    cache_.push_back(offset);
  } else {
    page.states->set(place.index, chunk_state::kFree);
    ++page.free;
    list(place.page);
  }
  return false;
}

bool SlabClass::start_drain(uint32_t number) {
  PageInfo& page = table_.page(number);
  check(!page.draining && page.class_id.load(std::memory_order_relaxed) == id_,
        "a page that is drained is the class's, and not drained already");
  page.draining = true;
  std::erase_if(cache_, [&](uint64_t offset) {
    if (table_.page_of(offset) != number) {
      return false;
    }
    page.states->set(table_.place_of(offset).index, chunk_state::kFree);
    ++page.free;
    return true;
  });
  free_ -= page.free;
  if (page.listed) {
    page.listed = false;
    std::erase(with_free_, number);
  }
  debug_check(!kDebugChecks || balanced(), "each chunk of a class is used, free or cached");
  return page.used == 0;
}

void SlabClass::cancel_drain(uint32_t number) {
  PageInfo& page = table_.page(number);
  check(page.draining, "a drain that is cancelled was started");
  page.draining = false;
  free_ += page.free;
  if (page.free != 0) {
    list(number);
  }
  debug_check(!kDebugChecks || balanced(), "each chunk of a class is used, free or cached");
}

void SlabClass::remove_page(uint32_t number) {
  const auto found = std::ranges::find(pages_, number);
  check(found != pages_.end(), "a page removed from a class is one of its pages");
  check(table_.page(number).draining && table_.page(number).used == 0,
        "a page removed from a class was drained");
  const auto ordinal = static_cast<size_t>(found - pages_.begin());
  pages_.erase(found);
  page_count_.store(pages_.size(), std::memory_order_relaxed);
  // The hands stay where they are among the pages that are left.
  for (Hand* hand : {&small_hand_, &main_hand_}) {
    if (hand->ordinal > ordinal) {
      --hand->ordinal;
    } else if (hand->ordinal == ordinal) {
      hand->index = 0;
    }
  }
  debug_check(!kDebugChecks || balanced(), "each chunk of a class is used, free or cached");
}

size_t SlabClass::reserve() const { return std::min(reserve_, total_chunks() / 16); }

void SlabClass::raise_reserve() { reserve_ = std::min<size_t>(reserve_ * 2, 8192); }

void SlabClass::passed_small() {
  const size_t step = std::max<size_t>(1, small_target() / kGenerationsPerTarget);
  if (++passed_ >= step) {
    passed_ = 0;
    generation_.store(static_cast<uint8_t>(generation_.load(std::memory_order_relaxed) + 1),
                      std::memory_order_relaxed);
  }
}

template <typename Accept>
size_t SlabClass::advance(Hand& hand, const Search& search, std::span<uint64_t> out,
                          Accept&& accept) {
  check(!out.empty(), "there is room for a chunk under the hand");
  size_t count = 0;
  if (hand.ordinal >= pages_.size()) {
    hand = Hand();
  }
  // One page more than there are: the hand starts in the middle of one, and ends before that.
  const size_t start = hand.index;
  const size_t most = std::min(search.most_pages, pages_.size() + 1);
  for (size_t visited = 0; visited < most && !pages_.empty(); ++visited) {
    if (hand.ordinal >= pages_.size()) {
      hand = Hand();
    }
    const uint32_t number = pages_[hand.ordinal];
    const ChunkStates& states = *table_.page(number).states;
    const size_t end = visited == pages_.size() ? start : states.count();
    for (;;) {
      hand.index = states.find(hand.index, search.bits);
      if (hand.index >= end) {
        break;
      }
      if (accept(states.get(hand.index))) {
        out[count++] = table_.offset_at({number, static_cast<uint32_t>(hand.index)}, chunk_size_);
      }
      ++hand.index;
      if (count == out.size()) {
        return count;
      }
    }
    if (end != states.count()) {
      hand.index = end;
      break;  // once around
    }
    ++hand.ordinal;
    hand.index = 0;
  }
  return count;
}

bool SlabClass::small_is_over() const {
  const auto small = static_cast<size_t>(std::max<int64_t>(0, small_count()));
  // An eighth over: so that there are items old enough near the hand.
  return main_count() <= 0 || small > small_target() + small_target() / 8;
}

size_t SlabClass::next_small(std::span<uint64_t> out) {
  const auto is_small = [](uint8_t state) { return chunk_state::is_small(state); };
  const auto small = static_cast<size_t>(std::max<int64_t>(0, small_count()));
  if (small <= small_target() + small_target() / 2) {
    const uint8_t now = generation_.load(std::memory_order_relaxed);
    const size_t count =
        advance(small_hand_, {chunk_state::kSmallBit, kAnyAgeAfter}, out, [&](uint8_t state) {
          const auto age = static_cast<unsigned>(now - state) & chunk_state::kGenerationMask;
          return is_small(state) && age >= kGenerationsPerTarget;
        });
    if (count != 0) {
      return count;
    }
  }
  return advance(small_hand_, {chunk_state::kSmallBit, pages_.size() + 1}, out, is_small);
}

size_t SlabClass::next_main(std::span<uint64_t> out) {
  return advance(main_hand_, {chunk_state::kMain, pages_.size() + 1}, out,
                 [](uint8_t state) { return state == chunk_state::kMain; });
}

void SlabClass::entered(uint8_t state) {
  if (chunk_state::is_small(state)) {
    small_.fetch_add(1, std::memory_order_relaxed);
  } else if (state == chunk_state::kMain) {
    main_.fetch_add(1, std::memory_order_relaxed);
  }
}

void SlabClass::left(uint8_t state) {
  if (chunk_state::is_small(state)) {
    small_.fetch_sub(1, std::memory_order_relaxed);
  } else if (state == chunk_state::kMain) {
    main_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace ember::storage
