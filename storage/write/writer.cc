// SPDX-License-Identifier: BSD-3-Clause
#include "storage/write/writer.h"

#include <utility>

#include "base/check.h"

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

/// What a write may do to the item that is there, and if it may go ahead, its place in the order of
/// writes. That holds unless a flush comes in between: then the turn is another (flush_horizon.h).
Writer::Judgement Writer::judge(const Draft& draft, const Item* there, const PublishRule& rule,
                                Published& result) {
  Judgement judged{.turn = core_.flushed.turn()};
  // Asked once: it may die at any moment.
  const Item* alive = there != nullptr && !core_.dead(*there) ? there : nullptr;
  if (rule.only_if != nullptr && alive != rule.only_if) {
    result.changed = true;
    return judged;
  }
  if (there != nullptr) {
    result.class_id = core_.class_of(*there);
  }
  const Verdict verdict = verdict_of(rule, alive);
  result.outcome = verdict.outcome;
  if (verdict.outcome != Outcome::stored) {
    return judged;
  }
  if (rule.keep_exptime || verdict.older) {
    // As in memcached: what is stale on arrival lives no longer than what it replaces, and whoever
    // has won that has won this.
    debug_check(alive != nullptr, "an expiry is kept of an item that is there");
    ItemWriter::set_exptime(draft.item(), alive->exptime());
  }
  judged.older = verdict.older;
  judged.won = verdict.older && alive->won();
  judged.sequence = core_.order.next();
  return judged;
}

Published Writer::publish(ThreadState& thread, Draft draft, const PublishRule& rule) {
  check(draft.item() != nullptr, "a draft that is published was granted");
  check(!rule.cas_new || draft.plan().sequenced, "an item with a chosen CAS was planned so");
  const std::string_view key = draft.plan().key;
  Published result;
  Index::WriteLock lock(*core_.index, draft.plan().hash);
  const Index::Hit old = lock.find([&](uint64_t offset) { return verifier_.is_item(offset, key); });
  const Item* there = old ? core_.pages.item(old.entry.offset()) : nullptr;
  Judgement judged;
  do {
    judged = judge(draft, there, rule, result);
    if (result.changed || result.outcome != Outcome::stored) {
      return result;
    }
  } while (!core_.flushed.same_turn(judged.turn));
  const ItemWriter::Commit commit{.cas = rule.cas_new.value_or(judged.sequence),
                                  .sequence = judged.sequence,
                                  .offset = core_.pages.offset_of(draft.item()),
                                  .salt = core_.salt,
                                  .part_size = core_.classes.largest(),
                                  .won = rule.won || judged.won,
                                  .stale = rule.stale || judged.older};
  debug_check(commit.sequence != 0, "a write that goes ahead has a place in the order");
  linker_.link(thread, lock, {.item = draft.item(), .plan = draft.plan(), .commit = commit}, old);
  debug_check([&] { return draft.item()->live() && draft.item()->cas() == commit.cas; },
              "a published item is live, with the CAS it was given");
  result.cas = commit.cas;
  result.class_id = core_.class_of(*draft.item());
  draft.release();
  return result;
}

Written Writer::remove(ThreadState& thread, std::string_view key, Hash hash,
                       std::optional<uint64_t> cas_compare) {
  Index::WriteLock lock(*core_.index, hash);
  const Index::Hit hit = lock.find([&](uint64_t offset) { return verifier_.is_item(offset, key); });
  if (!hit) {
    return {.outcome = Outcome::not_found};
  }
  const Item& item = *core_.pages.item(hit.entry.offset());
  debug_check([&] { return item.live(); }, "an item that the index names has not ended");
  Written result{.cas = item.cas(), .class_id = core_.class_of(item)};
  if (core_.dead(item)) {
    result.outcome = Outcome::not_found;
  } else if (cas_compare && *cas_compare != item.cas()) {
    result.outcome = Outcome::exists;
    return result;
  }
  linker_.unlink(thread, lock, hit);
  return result;
}

void Writer::flush_all(UnixSeconds when) {
  core_.flushed.flush(when);
  if (when > core_.now()) {
    return;
  }
  for (uint32_t number = 0; number < core_.pages.count(); ++number) {
    core_.pages.page(number).expires_at(1);  // have it swept
  }
}

}  // namespace ember::storage
