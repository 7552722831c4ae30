// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/model.h"

#include <algorithm>

#include "base/numbers.h"

namespace ember::property {

using storage::Outcome;
using Mode = storage::WriteRule::Mode;

bool Model::flushed(const Entry& entry) const {
  return flush_at_ != 0 && flush_at_ <= clock_->now() && entry.stored_at < flush_at_;
}

Model::Entry* Model::find(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return nullptr;
  }
  Entry& entry = found->second;
  const bool expired = entry.exptime != 0 && entry.exptime <= clock_->now();
  if (expired || flushed(entry)) {
    entries_.erase(found);
    return nullptr;
  }
  return &entry;
}

Outcome Model::publish(const NewItem& item, const storage::WriteRule& rule, uint64_t cas) {
  Entry* old = find(item.key);
  bool stale = false;
  if (rule.cas_compare) {
    if (old == nullptr) {
      return Outcome::not_found;
    }
    if (*rule.cas_compare != old->cas) {
      if (!rule.accept_older || *rule.cas_compare > old->cas) {
        return Outcome::exists;
      }
      stale = true;
    }
  } else if ((rule.mode == Mode::add && old != nullptr) ||
             (rule.mode == Mode::replace && old == nullptr)) {
    return Outcome::not_stored;
  }
  entries_[item.key] = {.value = item.value,
                        .client_flags = item.client_flags,
                        // What is accepted although it is older keeps what stands on the item.
                        .exptime = stale ? old->exptime : item.exptime,
                        .cas = rule.cas_new.value_or(cas),
                        .stale = stale,
                        .won = rule.won || (stale && old->won),
                        .stored_at = clock_->now()};
  return Outcome::stored;
}

Outcome Model::concatenate(const NewItem& addition, storage::Store::End end,
                           const storage::WriteRule& rule, uint64_t cas) {
  Entry* old = find(addition.key);
  if (old == nullptr) {
    return Outcome::not_stored;
  }
  if (rule.cas_compare && *rule.cas_compare != old->cas) {
    return Outcome::exists;
  }
  old->value =
      end == storage::Store::End::back ? old->value + addition.value : addition.value + old->value;
  old->cas = rule.cas_new.value_or(cas);
  old->stored_at = clock_->now();
  return Outcome::stored;
}

Model::Sum Model::arithmetic(const std::string& key, const storage::ArithmeticRule& rule,
                             uint64_t cas) {
  Entry* old = find(key);
  if (old == nullptr) {
    return {.outcome = Outcome::not_found};
  }
  // In memcached's order: an empty value cannot be a number, whatever its CAS.
  if (old->value.empty()) {
    return {.outcome = Outcome::non_numeric};
  }
  if (rule.cas_compare && *rule.cas_compare != old->cas) {
    return {.outcome = Outcome::exists};
  }
  // As in memcached, a number ends at a blank, whatever follows: one that got shorter was padded
  // with blanks, and may have been appended to since. A '+' before it is strtoull's to take.
  std::string_view digits = std::string_view(old->value).substr(0, old->value.find(' '));
  digits.remove_prefix(digits.starts_with('+') ? 1 : 0);
  const auto before = parse_u64(digits);
  if (!before) {
    return {.outcome = Outcome::non_numeric};
  }
  Sum sum;
  if (rule.decrement) {
    sum.value = *before < rule.delta ? 0 : *before - rule.delta;
  } else {
    sum.value = *before + rule.delta;
  }
  const size_t old_size = old->value.size();
  old->value = std::to_string(sum.value);
  old->value.resize(std::max(old->value.size(), old_size), ' ');
  old->cas = rule.cas_new.value_or(cas);
  old->exptime = rule.exptime.value_or(old->exptime);
  old->stored_at = clock_->now();
  return sum;
}

bool Model::touch(const std::string& key, UnixSeconds exptime) {
  Entry* entry = find(key);
  if (entry == nullptr) {
    return false;
  }
  entry->exptime = exptime;
  return true;
}

Outcome Model::remove(const std::string& key, std::optional<uint64_t> cas_compare) {
  const Entry* entry = find(key);
  if (entry == nullptr) {
    return Outcome::not_found;
  }
  if (cas_compare && *cas_compare != entry->cas) {
    return Outcome::exists;
  }
  entries_.erase(key);
  return Outcome::stored;
}

Outcome Model::invalidate(const std::string& key, const storage::Store::InvalidateRule& rule,
                          uint64_t cas) {
  Entry* entry = find(key);
  if (entry == nullptr) {
    return Outcome::not_found;
  }
  if (rule.cas_compare && *rule.cas_compare != entry->cas) {
    return Outcome::exists;
  }
  if (rule.drop_value) {
    entry->value.clear();
    entry->client_flags = 0;
  }
  if (rule.mark_stale) {
    entry->stale = true;
    entry->won = false;
  }
  entry->exptime = rule.exptime.value_or(entry->exptime);
  entry->cas = rule.cas_new.value_or(cas);
  entry->stored_at = clock_->now();
  return Outcome::stored;
}

void Model::flush_all(UnixSeconds when) {
  if (when == 0 || when <= clock_->now()) {
    entries_.clear();
    flush_at_ = 0;
  } else {
    // Entries an earlier flush has reached are gone for good, even when the new one is later.
    std::erase_if(entries_, [this](const auto& pair) { return flushed(pair.second); });
    flush_at_ = when;
  }
}

}  // namespace ember::property
