// SPDX-License-Identifier: BSD-3-Clause
// CrashOracle: what may be found after a crash. It knows what was acknowledged and what is under
// way, and judges what a store recovered from an image holds:
//
//   acknowledged   the key's value as of its last acknowledged change, in all its parts, or nothing
//                  if that is what was acknowledged
//   under way      that, or what the operation makes of it; nothing in between
//
// Where memory is short (may_vanish), a key may be missing if it has left the running store, too.
// Copyable: a copy remembers what was true when it was made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/store.h"
#include "tests/property/model.h"

namespace ember::property {

/// The whole value of an item, its pieces put together.
std::string whole_value(const storage::Store& store, const storage::Item& item);

/// Something done to a store and to the model.
struct Operation {
  std::string what;
  /// The key it may change; empty: none, or all of them.
  std::string key;
  bool all_keys = false;
  /// What the model makes of it. `cas` is the new item's; kOpenCas while it is not known.
  std::function<storage::Outcome(Model&, uint64_t cas)> judge;
  struct Done {
    storage::Outcome outcome = storage::Outcome::stored;
    uint64_t cas = 0;
  };
  std::function<Done()> act;
  /// The store may keep the marks of what it replaces, or not.
  bool marks_are_open = false;
  /// Whether it happened shows only later: nothing can go on from what it leaves half done.
  bool deferred = false;
  /// The new item's CAS is a client's choice.
  bool chosen_cas = false;
};

class CrashOracle {
 public:
  static constexpr uint64_t kOpenCas = 0;  // newer than every one that was acknowledged

  CrashOracle(const Clock& clock, bool may_vanish) : model_(clock), may_vanish_(may_vanish) {}

  Model& model() { return model_; }
  uint64_t newest_cas() const { return newest_cas_; }

  void begin(const Operation& operation);
  /// Of what is under way, a look at the recovered store tells whether it happened.
  bool decidable() const { return !deferred_; }
  /// The client has its reply. `live` is the running store.
  void acknowledge(const Operation& operation, const Operation::Done& done, storage::Store& live,
                   storage::StoreThread& thread);
  /// From here on, faults are found in a recovery that is under way.
  void recovering() { what_ = "recovery after: " + what_; }
  /// What is in the running store, as recovered, is what was acknowledged from here on.
  void settle_for(storage::Store& recovered, storage::StoreThread& thread);

  /// Judges a store that was recovered from an image. Writes a key of its own to it.
  void judge(storage::Store& recovered, storage::StoreThread& thread);

  /// One fault found outside, or by judge().
  void fault(const std::string& text);
  const std::vector<std::string>& faults() const { return faults_; }
  std::set<std::string> keys() const { return keys_; }

 private:
  struct Look;  // one key, as the store has it
  Look look_at(storage::Store& store, storage::StoreThread& thread, const std::string& key) const;
  bool fits(const Look& look, Model& state) const;
  void judge_key(const Look& look);
  void judge_new_write(storage::Store& recovered, storage::StoreThread& thread);
  void adopt(storage::Store& live, storage::StoreThread& thread);
  bool under_way(const std::string& key) const;

  Model model_;
  bool may_vanish_;
  uint64_t newest_cas_ = 0;
  std::set<std::string> keys_;  // ever used

  // What is under way: all it may leave, the model as it is among it.
  std::vector<Model> outcomes_;
  std::string what_ = "start";
  std::string key_;
  bool all_keys_ = false;
  bool marks_are_open_ = false;
  bool deferred_ = false;
  std::set<std::string> missing_;  // from an image of this operation

  std::vector<std::string> faults_;
};

}  // namespace ember::property
