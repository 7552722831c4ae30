// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/linker.h"

#include "base/check.h"

namespace ember::storage {

/// Where in the queues a new item begins.
uint8_t Linker::entry_state(const Item& item, const ItemPlan& plan, const Index::Hit& old) const {
  const SlabClass& size_class = core_.slabs.of(core_.queued_chunk(item));
  if (old) {
    // A new version keeps the standing of the old one: an overwrite is a use.
    const Item& before = *core_.pages.item(old.entry.offset());
    const bool in_main = core_.pages.state(core_.queued_chunk(before)) == chunk_state::kMain;
    return in_main ? chunk_state::kMain : size_class.newcomer();
  }
  return plan.recalled ? chunk_state::kMain : size_class.newcomer();
}

void Linker::enter_queue(const Item& item, uint8_t state) {
  debug_check(chunk_state::is_queued(state), "a linked item stands in a queue");
  const uint64_t offset = core_.pages.offset_of(&item);
  const uint64_t queued = core_.queued_chunk(item);
  debug_check([&] { return core_.pages.state(queued) == chunk_state::kBusy; },
              "an item's chunks are busy until it is linked");
  if (item.chained()) {
    core_.chain(item).for_each([&](const Chain::Part& part) {
      const ChunkPlace place = core_.pages.place_of(part.offset);
      core_.pages.page(place.page).owners[place.index].store(offset, std::memory_order_relaxed);
      if (part.index != 0) {
        core_.pages.set_state(part.offset, chunk_state::kPart);
      }
    });
    core_.pages.set_state(offset, chunk_state::kDirectory);
  }
  core_.slabs.of(queued).entered(state);
  core_.pages.set_state(queued, state);
  // After the state: a sweep that missed the item must not also forget its expiry.
  core_.pages.page(core_.pages.page_of(queued)).expires_at(item.exptime());
}

/// All of the item is durable before the seal that makes it one, and that before it is found.
void Linker::seal_durably(const NewItem& added) const {
  const uint32_t seal = ItemWriter::complete(added.item, added.plan, added.commit);
  if (core_.durable.needed()) {
    const Chain chain = ItemWriter::chain(added.item, added.plan, core_.classes.largest());
    core_.durable.flush(added.item, ItemWriter::size_of(added.plan, chain.count()));
    chain.for_each([this](const Chain::Part& part) {
      core_.durable.flush(core_.pages.at(part.offset), part.size);
    });
    core_.durable.fence();
  }
  ItemWriter::seal(added.item, seal);
  core_.durable.persist(added.item, Item::kHeaderSize);
  debug_check([&] { return added.item->live(); }, "a sealed item is live");
}

void Linker::link(ThreadState& thread, Index::WriteLock& lock, const NewItem& added,
                  const Index::Hit& old) {
  debug_check(added.commit.offset == core_.pages.offset_of(added.item),
              "an item is sealed for its own place");
  seal_durably(added);
  // The state first: whoever replaces the item from now on finds what to take back.
  enter_queue(*added.item, entry_state(*added.item, added.plan, old));
  counters_.count_in(thread.counters, *added.item);
  const IndexEntry entry = IndexEntry::make(added.plan.hash, added.commit.offset, core_.now());
  if (old) {
    Index::WriteLock::replace(old, entry.with_frequency(old.entry.frequency()));
    end_item(thread, old.entry.offset());
  } else {
    lock.insert(entry);
  }
}

void Linker::replace_by_copy(ThreadState& thread, const NewItem& copy, const Index::Hit& hit) {
  const uint64_t from = hit.entry.offset();
  debug_check(from != copy.commit.offset, "a copy lies in another chunk");
  debug_check(!copy.plan.chained, "only items in one chunk are copied");
  seal_durably(copy);
  enter_queue(*copy.item, core_.pages.state(from));
  counters_.count_in(thread.counters, *copy.item);
  Index::WriteLock::replace(hit, hit.entry.with_offset(copy.commit.offset));
  end_item(thread, from);
}

void Linker::unlink(ThreadState& thread, Index::WriteLock& lock, const Index::Hit& hit) {
  lock.erase(hit);
  end_item(thread, hit.entry.offset());
}

bool Linker::unlink(ThreadState& thread, uint64_t offset, Hash hash) {
  Index::WriteLock lock(*core_.index, hash);
  const Index::Hit hit = lock.find([&](uint64_t other) { return other == offset; });
  if (!hit) {
    return false;
  }
  unlink(thread, lock, hit);
  return true;
}

/// Ends an item whose entry was just taken out of, or replaced in, the locked bucket. Durable
/// before the bucket is unlocked: whatever is acknowledged of the key from then on comes after it.
void Linker::end_item(ThreadState& thread, uint64_t offset) {
  Item* const item = core_.pages.item(offset);
  counters_.count_out(thread.counters, *item);
  ItemWriter::end(item);
  core_.durable.persist(item, Item::kHeaderSize);
  debug_check([&] { return !item->live(); }, "an ended item is not found by a recovery");
  if (item->chained()) [[unlikely]] {
    core_.chain(*item).for_each(
        [&](const Chain::Part& part) { reclaimer_.retire(thread.retired, part.offset); });
  }
  reclaimer_.retire(thread.retired, offset);
}

}  // namespace ember::storage
