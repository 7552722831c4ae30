// SPDX-License-Identifier: BSD-3-Clause
#include "storage/write/modifier.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::storage {
namespace {

// Each found room that was gone, or another item, at the next look.
constexpr unsigned kMostWaits = 1000;

/// A value as incr and decr read it, which is memcached's way: blanks, digits (decr leaves blanks
/// behind them), and anything behind a further blank or NUL.
std::optional<uint64_t> number_in(std::string_view value) {
  constexpr std::string_view kBlanks(" \t\n\v\f\r\0", 7);
  value.remove_prefix(std::min(value.find_first_not_of(kBlanks.substr(0, 6)), value.size()));
  value.remove_prefix(value.starts_with('+') ? 1 : 0);
  return parse_u64(value.substr(0, value.find_first_of(kBlanks)));
}

uint64_t count(uint64_t value, const ArithmeticRule& rule) {
  if (rule.decrement) {
    return value < rule.delta ? 0 : value - rule.delta;
  }
  return value + rule.delta;  // wraps at 2^64, as protocol.txt says
}

ItemPlan plan_like(const Item& item, Hash hash) {
  return {.key = item.key(),
          .hash = hash,
          .client_flags = item.client_flags(),
          .exptime = item.exptime(),
          .value_size = item.value_size(),
          .sequenced = item.sequenced()};
}

}  // namespace

void Modifier::copy_value(const Item& item, Draft& draft) const {
  for (size_t index = 0; index < reader_.part_count(item); ++index) {
    draft.fill(reader_.part(item, index));
  }
}

/// `plan_for(item, plan)` says what to make of the item, or why not; `fill(item, draft)` fills it
/// and returns the rule to publish by. Both are called again if the item changes meanwhile.
template <typename Plan, typename Fill>
Published Modifier::rewrite(ThreadState& thread, std::string_view key, Hash hash, Plan&& plan_for,
                            Fill&& fill) {
  for (unsigned waits = 0;;) {
    const Found found = reader_.find(key, hash, Access::peek);
    Published result;
    if (!found) {
      result.outcome = Outcome::not_found;
      return result;
    }
    const Item& item = *found.item;
    result.class_id = core_.class_of(item);
    ItemPlan plan = plan_like(item, hash);
    result.outcome = plan_for(item, plan);
    if (result.outcome != Outcome::stored) {
      return result;
    }
    Allocator::Attempt tried = allocator_.try_draft(thread, plan, waits != 0);
    if (tried.short_of != 0) {
      // Waiting gives up what was found. What it finds is given back, for another look at the item.
      plan.key = key;
      const Draft room = allocator_.wait_for_draft(thread, plan);
      if (room.outcome() != Outcome::stored || ++waits > kMostWaits) {
        result.outcome = Outcome::no_memory;
        return result;
      }
      continue;
    }
    if (tried.draft.outcome() != Outcome::stored) {
      result.outcome = tried.draft.outcome();
      return result;
    }
    debug_check([&] { return tried.draft.plan().key == key; }, "a draft is of the key rewritten");
    PublishRule rule = fill(item, tried.draft);
    debug_check([&] { return tried.draft.next().empty(); },
                "a value is whole before it is published");
    rule.only_if = &item;
    result = writer_.publish(thread, std::move(tried.draft), rule);
    if (!result.changed) {
      return result;
    }
  }
}

Written Modifier::concatenate(ThreadState& thread, const ItemName& name, std::string_view bytes,
                              ValueEnd end, const WriteRule& rule) {
  Published result = rewrite(
      thread, name.key, name.hash,
      [&](const Item& item, ItemPlan& plan) {
        plan.value_size += bytes.size();
        plan.sequenced = rule.cas_new.has_value();
        const bool other = rule.cas_compare && *rule.cas_compare != item.cas();
        const bool accepted = rule.accept_older && *rule.cas_compare < item.cas();
        return other && !accepted ? Outcome::exists : Outcome::stored;
      },
      [&](const Item& item, Draft& draft) {
        if (end == ValueEnd::front) {
          draft.fill(bytes);
        }
        copy_value(item, draft);
        if (end == ValueEnd::back) {
          draft.fill(bytes);
        }
        PublishRule publish_rule(rule);
        publish_rule.keep_exptime = true;
        return publish_rule;
      });
  if (result.outcome == Outcome::not_found) {
    result.outcome = Outcome::not_stored;
  }
  return result;
}

Counted Modifier::arithmetic(ThreadState& thread, std::string_view key, Hash hash,
                             const ArithmeticRule& rule) {
  Counted counted;
  char digits[kMaxDecimalSize];
  size_t size = 0;
  const Published result = rewrite(
      thread, key, hash,
      [&](const Item& item, ItemPlan& plan) {
        // In memcached's order: nothing is no number before the CAS, anything else is none after
        // it.
        if (item.value_size() == 0) {
          return Outcome::non_numeric;
        }
        if (rule.cas_compare && *rule.cas_compare != item.cas()) {
          return Outcome::exists;
        }
        const auto before =
            item.chained() ? std::nullopt : number_in({item.body(), item.value_size()});
        if (!before) {
          return Outcome::non_numeric;
        }
        counted.value = count(*before, rule);
        size = static_cast<size_t>(write_u64(digits, counted.value) - digits);
        // memcached never shortens a number: it pads with blanks.
        debug_check(size != 0 && size <= kMaxDecimalSize, "a number has digits, as many as fit");
        plan.value_size = std::max<uint64_t>(size, item.value_size());
        plan.exptime = rule.exptime.value_or(plan.exptime);
        plan.sequenced = rule.cas_new.has_value();
        return Outcome::stored;
      },
      [&](const Item& item, Draft& draft) {
        const std::span<char> value = draft.next();
        debug_check(value.size() >= size, "a number fits the value planned for it");
        std::ranges::fill(std::copy_n(digits, size, value.begin()), value.end(), ' ');
        draft.advance(value.size());
        counted.item = draft.item();
        PublishRule publish_rule;
        publish_rule.cas_new = rule.cas_new;
        publish_rule.keep_exptime = !rule.exptime;
        // memcached counts in place where the digits fit, and what is stale there stays so.
        publish_rule.stale = size <= item.value_size() && item.stale();
        publish_rule.won = size <= item.value_size() && item.won();
        return publish_rule;
      });
  counted.outcome = result.outcome;
  counted.written = result;
  if (result.outcome != Outcome::stored) {
    counted.item = nullptr;
  }
  return counted;
}

Found Modifier::touch(std::string_view key, Hash hash, UnixSeconds exptime, Access access) {
  Index::WriteLock lock(*core_.index, hash);
  const Index::Hit hit = lock.find([&](uint64_t offset) { return verifier_.is_item(offset, key); });
  if (!hit) {
    return {};
  }
  const Found found = reader_.found(hit, access);
  if (!found) {
    return found;
  }
  Item* const item = core_.pages.item(hit.entry.offset());
  debug_check([&] { return item->live(); }, "an item that the index names has not ended");
  ItemWriter::set_exptime(item, exptime);
  core_.durable.persist(item, Item::kHeaderSize);
  core_.pages.page(core_.pages.page_of(core_.queued_chunk(*item))).expires_at(exptime);
  return found;
}

Written Modifier::invalidate(ThreadState& thread, std::string_view key, Hash hash,
                             const InvalidateRule& rule) {
  return rewrite(
      thread, key, hash,
      [&](const Item& item, ItemPlan& plan) {
        if (rule.cas_compare && *rule.cas_compare != item.cas()) {
          return Outcome::exists;
        }
        if (rule.drop_value) {
          plan.value_size = 0;
          plan.client_flags = 0;
        }
        plan.exptime = rule.exptime.value_or(plan.exptime);
        plan.sequenced = rule.cas_new.has_value();
        return Outcome::stored;
      },
      [&](const Item& item, Draft& draft) {
        if (!rule.drop_value) {
          copy_value(item, draft);
        }
        PublishRule publish_rule;
        publish_rule.cas_new = rule.cas_new;
        publish_rule.keep_exptime = !rule.exptime;
        publish_rule.stale = rule.mark_stale || item.stale();
        publish_rule.won = !rule.mark_stale && item.won();
        return publish_rule;
      });
}

bool Modifier::try_win(const Item& item) {
  const std::string_view key = item.key();
  Index::WriteLock lock(*core_.index, hash_key(key));
  const Index::Hit hit = lock.find([&](uint64_t offset) { return verifier_.is_item(offset, key); });
  // The item may have been moved to another chunk since; it is the same if its CAS is.
  if (!hit || core_.pages.item(hit.entry.offset())->cas() != item.cas()) {
    return false;
  }
  Item* const here = core_.pages.item(hit.entry.offset());
  const bool first = ItemWriter::win(here);
  debug_check([&] { return here->won(); }, "an item is won once");
  core_.durable.persist(here, Item::kHeaderSize);
  return first;
}

}  // namespace ember::storage
