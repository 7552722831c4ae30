// SPDX-License-Identifier: BSD-3-Clause
// Items enter the index, and leave it.
#include "base/check.h"
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

/// What a rule makes of the item that is there. stored: go ahead.
struct Verdict {
  Outcome outcome = Outcome::stored;
  bool older = false;  // accepted although its CAS is older: the new item is stale
};

Verdict verdict_of(const WriteRule& rule, const Item* there) {
  if (rule.cas_compare) {
    if (there == nullptr) {
      return {Outcome::not_found};
    }
    if (there->cas() != *rule.cas_compare) {
      const bool older = rule.accept_older && *rule.cas_compare < there->cas();
      return {older ? Outcome::stored : Outcome::exists, older};
    }
  }
  if (rule.mode == WriteRule::Mode::add && there != nullptr) {
    return {Outcome::not_stored};
  }
  if (rule.mode == WriteRule::Mode::replace && there == nullptr) {
    return {Outcome::not_stored};
  }
  return {};
}

}  // namespace

uint64_t StoreImpl::queue_chunk(const Item& item) const {
  return item.chained() ? load_unaligned<uint64_t>(item.body()) : pages_.offset_of(&item);
}

uint8_t StoreImpl::entry_state(const Item& item, const ItemPlan& plan, const Index::Hit& old) {
  const SlabClass& size_class = *slabs_[pages_.class_of(queue_chunk(item))];
  if (old) {
    // A new version keeps the standing of the old one: an overwrite is a use.
    const Item& before = *pages_.item(old.entry.offset());
    const bool in_main = pages_.state(queue_chunk(before)) == chunk_state::kMain;
    return in_main ? chunk_state::kMain : size_class.newcomer();
  }
  return plan.recalled ? chunk_state::kMain : size_class.newcomer();
}

void StoreImpl::enter_queue(const Item& item, uint8_t state) {
  const uint64_t offset = pages_.offset_of(&item);
  const uint64_t queued = queue_chunk(item);
  if (item.chained()) {
    for (size_t part = 0; part < part_count(item); ++part) {
      const auto chunk = load_unaligned<uint64_t>(item.body() + part * sizeof(uint64_t));
      const ChunkPlace place = pages_.place_of(chunk);
      pages_.page(place.page).owners[place.index].store(offset, std::memory_order_relaxed);
      if (part != 0) {
        pages_.set_state(chunk, chunk_state::kPart);
      }
    }
    pages_.set_state(offset, chunk_state::kDirectory);
  }
  slabs_[pages_.class_of(queued)]->entered(state);
  pages_.set_state(queued, state);
  // After the state: a sweep that missed the item must not also forget its expiry.
  pages_.page(pages_.page_of(queued)).expires_at(item.exptime());
}

void StoreImpl::count_in(ThreadState& thread, const Item& item) {
  auto& change = thread.changes_[class_of(item)];
  ++change.items_added;
  change.bytes_added += item.size();
  if (sizes_.on()) [[unlikely]] {
    sizes_.count_in(item);
  }
}

void StoreImpl::count_out(ThreadState& thread, const Item& item) {
  auto& change = thread.changes_[class_of(item)];
  ++change.items_removed;
  change.bytes_removed += item.size();
  if (sizes_.on()) [[unlikely]] {
    sizes_.count_out(item);
  }
}

void StoreImpl::end_item(ThreadState& thread, uint64_t offset) {
  Item* item = pages_.item(offset);
  count_out(thread, *item);
  end_durably(item);
  const auto retire = [&](uint64_t chunk) {
    SlabClass& size_class = *slabs_[pages_.class_of(chunk)];
    size_class.note_retired();
    size_class.left(pages_.exchange_state(chunk, chunk_state::kRetired));
    thread.unlinked_.push_back(chunk);
  };
  for (size_t part = 0; item->chained() && part < part_count(*item); ++part) {
    retire(load_unaligned<uint64_t>(item->body() + part * sizeof(uint64_t)));
  }
  retire(offset);
}

void StoreImpl::seal_durably(Item* item, const ItemPlan& plan,
                             const ItemWriter::Commit& commit) const {
  const uint32_t seal = ItemWriter::complete(item, plan, commit);
  if (durable_.needed()) {
    durable_.flush(item, ItemWriter::size_of(plan, part_count(plan.value_size)));
    const char* const table = ItemWriter::body(item, plan);
    for (size_t part = 0; plan.chained && part < part_count(plan.value_size); ++part) {
      const auto chunk = load_unaligned<uint64_t>(table + part * sizeof(uint64_t));
      durable_.flush(pages_.at(chunk), part_size(plan, part));
    }
    durable_.fence();
  }
  ItemWriter::seal(item, seal);
  durable_.persist(item, Item::kHeaderSize);
}

/// Durable before the key's bucket is unlocked: whatever is acknowledged of the key from then on
/// comes after it.
void StoreImpl::end_durably(Item* item) const {
  ItemWriter::end(item);
  durable_.persist(item, Item::kHeaderSize);
}

void StoreImpl::link(ThreadState& thread, Index::WriteLock& lock, const Draft& draft,
                     const Index::Hit& old, const ItemWriter::Commit& commit) {
  Item* item = draft.item();
  const Hash hash = draft.plan().hash;
  seal_durably(item, draft.plan(), commit);
  // The state first: whoever replaces the item from now on finds what to take back.
  enter_queue(*item, entry_state(*item, draft.plan(), old));
  count_in(thread, *item);
  IndexEntry entry = IndexEntry::make(hash, commit.offset, now());
  if (old) {
    Index::WriteLock::replace(old, entry.with_frequency(old.entry.frequency()));
    end_item(thread, old.entry.offset());
  } else {
    lock.insert(entry);
  }
}

/// What a write may do to what is there, and if it may go ahead, its place in the order of writes.
/// That holds unless there is a flush in between: then the turn is another (flush_horizon.h).
StoreImpl::Judgement StoreImpl::judge_write(const Draft& draft, const Item* there,
                                            const PublishRule& rule, Published& result) {
  Judgement judged{.turn = flushed_.turn()};
  // Asked once: it may die at any moment.
  const Item* alive = there != nullptr && !dead(*there) ? there : nullptr;
  if (rule.only_if != nullptr && alive != rule.only_if) {
    result.changed = true;
    return judged;
  }
  if (there != nullptr) {
    result.class_id = class_of(*there);
  }
  const Verdict verdict = verdict_of(rule, alive);
  result.outcome = verdict.outcome;
  if (verdict.outcome != Outcome::stored) {
    return judged;
  }
  if (rule.keep_exptime || verdict.older) {
    // As in memcached: what is stale on arrival lives no longer than what it replaces, and whoever
    // has won that has won this.
    ItemWriter::set_exptime(draft.item(), alive->exptime());
  }
  judged.older = verdict.older;
  judged.won = verdict.older && alive->won();
  judged.sequence = last_cas_.fetch_add(1) + 1;
  if (judged.sequence >= cas_limit_.load(std::memory_order_relaxed)) [[unlikely]] {
    reserve_cas(judged.sequence);
  }
  return judged;
}

StoreImpl::Published StoreImpl::publish(ThreadState& thread, Draft draft, const PublishRule& rule) {
  check(draft.item() != nullptr, "a draft that is published was granted");
  check(!rule.cas_new || draft.plan().sequenced, "an item with a chosen CAS was planned so");
  const std::string_view key = draft.plan().key;
  Published result;
  Index::WriteLock lock(*index_, draft.plan().hash);
  const Index::Hit old = lock.find([&](uint64_t offset) { return is_item(offset, key); });
  const Item* there = old ? pages_.item(old.entry.offset()) : nullptr;
  Judgement judged;
  do {
    judged = judge_write(draft, there, rule, result);
    if (result.changed || result.outcome != Outcome::stored) {
      return result;
    }
  } while (!flushed_.same_turn(judged.turn));
  const ItemWriter::Commit commit{.cas = rule.cas_new.value_or(judged.sequence),
                                  .sequence = judged.sequence,
                                  .offset = pages_.offset_of(draft.item()),
                                  .salt = salt_,
                                  .part_size = classes_.largest(),
                                  .won = rule.won || judged.won,
                                  .stale = rule.stale || judged.older};
  link(thread, lock, draft, old, commit);
  result.cas = commit.cas;
  result.class_id = class_of(*draft.item());
  draft.release();
  return result;
}

Written StoreImpl::remove(ThreadState& thread, std::string_view key, Hash hash,
                          std::optional<uint64_t> cas_compare) {
  Index::WriteLock lock(*index_, hash);
  const Index::Hit hit = lock.find([&](uint64_t offset) { return is_item(offset, key); });
  if (!hit) {
    return {.outcome = Outcome::not_found};
  }
  const Item& item = *pages_.item(hit.entry.offset());
  Written result{.cas = item.cas(), .class_id = class_of(item)};
  if (dead(item)) {
    result.outcome = Outcome::not_found;
  } else if (cas_compare && *cas_compare != item.cas()) {
    result.outcome = Outcome::exists;
    return result;
  }
  lock.erase(hit);
  end_item(thread, hit.entry.offset());
  return result;
}

}  // namespace ember::storage
