// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_oracle.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/core/store_thread.h"

namespace ember::property {

using storage::Access;
using storage::Outcome;

namespace {

constexpr size_t kMostFaults = 20;  // more say no more
constexpr const char* kProbe = "written after the crash";

std::string show(const std::string& value) {
  return fmt::format("{} bytes '{}'", value.size(), value.substr(0, 20));
}

}  // namespace

std::string whole_value(const storage::Store& store, const storage::Item& item) {
  std::string value;
  value.reserve(item.value_size());
  for (size_t i = 0; i < store.part_count(item); ++i) {
    value.append(store.part(item, i));
  }
  return value;
}

/// A key as a store has it.
struct CrashOracle::Look {
  std::string key;
  bool found = false;
  Model::Entry entry;
};

CrashOracle::Look CrashOracle::look_at(storage::Store& store, storage::StoreThread& thread,
                                       const std::string& key) const {
  const storage::Found found = store.find(thread, key, storage::hash_key(key), Access::peek);
  Look look{.key = key, .found = static_cast<bool>(found)};
  if (found) {
    const storage::Item& item = *found.item;
    look.entry = {.value = whole_value(store, item),
                  .client_flags = item.client_flags(),
                  .exptime = item.exptime(),
                  .cas = item.cas(),
                  .stale = item.stale(),
                  .won = item.won()};
  }
  return look;
}

bool CrashOracle::under_way(const std::string& key) const {
  return all_keys_ || (!key_.empty() && key == key_);
}

bool CrashOracle::fits(const Look& look, Model& state) const {
  const Model::Entry* entry = state.find(look.key);
  if (entry == nullptr || !look.found) {
    return (entry == nullptr) == !look.found;
  }
  const Model::Entry& found = look.entry;
  const bool in_flight = entry->cas == kOpenCas;
  const bool cas_fits = in_flight ? found.cas > newest_cas_ : found.cas == entry->cas;
  const bool marks_fit = (found.stale == entry->stale && found.won == entry->won) ||
                         (marks_are_open_ && under_way(look.key));
  return cas_fits && marks_fit && found.value == entry->value &&
         found.client_flags == entry->client_flags && found.exptime == entry->exptime;
}

void CrashOracle::fault(const std::string& text) {
  if (faults_.size() < kMostFaults) {
    faults_.push_back(what_ + ": " + text);
  }
}

void CrashOracle::begin(const Operation& operation) {
  what_ = operation.what;
  key_ = operation.key;
  all_keys_ = operation.all_keys;
  marks_are_open_ = operation.marks_are_open;
  deferred_ = operation.deferred;
  missing_.clear();
  if (!key_.empty()) {
    keys_.insert(key_);
  }
  outcomes_.clear();
  Model after = model_;
  operation.judge(after, kOpenCas);
  outcomes_.push_back(std::move(after));
  if (may_vanish_ && !key_.empty()) {
    // Its own search for memory may end the key's item first.
    Model gone = model_;
    gone.forget(key_);
    outcomes_.push_back(gone);
    operation.judge(gone, kOpenCas);
    outcomes_.push_back(std::move(gone));
  }
}

void CrashOracle::acknowledge(const Operation& operation, const Operation::Done& done,
                              storage::Store& live, storage::StoreThread& thread) {
  Model after = model_;
  const bool refused = may_vanish_ && done.outcome == Outcome::no_memory;
  if (!refused) {
    Outcome expected = operation.judge(after, done.cas);
    if (may_vanish_ && expected != done.outcome) {
      after = model_;
      after.forget(operation.key);
      expected = operation.judge(after, done.cas);
    }
    if (expected != done.outcome) {
      fault(fmt::format("outcome {} instead of {}", static_cast<int>(done.outcome),
                        static_cast<int>(expected)));
    }
  }
  model_ = std::move(after);
  if (!operation.chosen_cas) {
    newest_cas_ = std::max(newest_cas_, done.cas);
  }
  adopt(live, thread);
  what_ = "acknowledged " + operation.what;
  key_.clear();
  all_keys_ = false;
  deferred_ = false;
  outcomes_.clear();
  missing_.clear();
}

/// The running store is asked what it still has, and what open questions it has answered.
void CrashOracle::adopt(storage::Store& live, storage::StoreThread& thread) {
  for (const std::string& key : keys_) {
    const Look look = look_at(live, thread, key);
    Model::Entry* entry = model_.find(key);
    if (entry != nullptr && look.found && marks_are_open_ && under_way(key)) {
      entry->stale = look.entry.stale;
      entry->won = look.entry.won;
    }
    if (entry != nullptr && !look.found && may_vanish_) {
      model_.forget(key);
      continue;
    }
    if (!fits(look, model_)) {
      fault("the running store itself is wrong about " + key);
    }
    if (look.found && !under_way(key) && missing_.contains(key)) {
      fault(key + " was missing after a crash, though it was never evicted");
    }
  }
}

void CrashOracle::settle_for(storage::Store& recovered, storage::StoreThread& thread) {
  // What was under way has happened, or it has not: as the changed key, or any, tells.
  for (Model& outcome : outcomes_) {
    bool before = true;
    bool after = true;
    uint64_t newest = newest_cas_;
    for (const std::string& key : keys_) {
      const Look look = look_at(recovered, thread, key);
      before = before && (fits(look, model_) || !under_way(key));
      after = after && (fits(look, outcome) || !under_way(key));
      Model::Entry* entry = outcome.find(key);
      if (entry != nullptr && look.found && fits(look, outcome)) {
        newest = entry->cas == kOpenCas ? std::max(newest, look.entry.cas) : newest;
        entry->cas = look.entry.cas;
        entry->stale = look.entry.stale;
        entry->won = look.entry.won;
      }
    }
    if (after && !before) {
      Model happened = outcome;
      model_ = std::move(happened);
      newest_cas_ = newest;
      break;
    }
  }
  outcomes_.clear();
  missing_.clear();
  key_.clear();
  all_keys_ = false;
  adopt(recovered, thread);
}

void CrashOracle::judge_key(const Look& look) {
  if (fits(look, model_)) {
    return;
  }
  if (under_way(look.key) &&
      std::ranges::any_of(outcomes_, [&](Model& state) { return fits(look, state); })) {
    return;
  }
  const Model::Entry* entry = model_.find(look.key);
  if (!look.found) {
    missing_.insert(look.key);
    if (!may_vanish_) {
      fault(look.key + " is missing, acknowledged were " + show(entry->value));
    }
    return;
  }
  const Model::Entry& found = look.entry;
  std::string text = fmt::format("{} came back as {} (cas {}, exptime {}, marks {}{})", look.key,
                                 show(found.value), found.cas, found.exptime, found.stale ? 1 : 0,
                                 found.won ? 1 : 0);
  if (entry == nullptr) {
    text += ", and should be gone";
  } else {
    text +=
        fmt::format(", acknowledged were {} (cas {}, exptime {}, marks {}{})", show(entry->value),
                    entry->cas, entry->exptime, entry->stale ? 1 : 0, entry->won ? 1 : 0);
  }
  fault(text);
}

void CrashOracle::judge_new_write(storage::Store& recovered, storage::StoreThread& thread) {
  storage::Draft draft =
      recovered.draft(thread, {.key = kProbe, .hash = storage::hash_key(kProbe), .value_size = 1});
  if (draft.outcome() != Outcome::stored) {
    fault("after the crash there is no memory for a single item");
    return;
  }
  draft.fill("1");
  const storage::Written written = recovered.publish(thread, std::move(draft), {});
  if (written.outcome != Outcome::stored || written.cas <= newest_cas_) {
    fault(fmt::format("the first CAS after the crash is {}, the last acknowledged was {}",
                      written.cas, newest_cas_));
  }
}

void CrashOracle::judge(storage::Store& recovered, storage::StoreThread& thread) {
  for (const std::string& key : keys_) {
    judge_key(look_at(recovered, thread, key));
    thread.quiesce();
  }
  judge_new_write(recovered, thread);
}

}  // namespace ember::property
