// SPDX-License-Identifier: BSD-3-Clause
// RandomWalk: random operations on a store and on the model, compared after each.
// One thread. A difference is a GoogleTest failure that tells the step, the operation and the key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/property/choices.h"
#include "tests/property/model.h"
#include "tests/property/opened_store.h"

namespace ember::property {

class RandomWalk {
 public:
  RandomWalk(OpenedStore& opened, const WalkOptions& options, uint64_t seed);

  /// Stops at the first difference.
  void run(int steps);

  /// Compares every key of the model.
  void compare_all();

  /// Waits until no page is on its way and what expired is gone; then the store must list and count
  /// exactly what the model has.
  void compare_figures();

  /// The store begins again with what its memory file has.
  void restart(bool graceful);

  struct Counts {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t vanished = 0;
    uint64_t full = 0;
    uint64_t resizes = 0;
    uint64_t moves = 0;  // that were agreed to
    uint64_t listed = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  using Judge = std::function<storage::Outcome()>;

  // Each does one operation on the store and on the model.
  void get();
  void write();
  void concatenate();
  void count();
  void touch();
  void remove();
  void invalidate();
  void win();
  void pin();
  void unpin();
  void flush_all();
  void pass_time();
  void rearrange();
  void act();

  // random_walk_memory.cc: limits, pages on command, lists.
  void resize();
  void move_page();
  void list();
  void list_all(storage::DumpCursor cursor);
  void list_some();
  void expect_listed(const storage::DumpedItem& dumped);

  /// The store's outcome must be the model's, which `judge` asks for; `key` may have vanished
  /// meanwhile where that is allowed, and the model is asked again. True if it was carried out.
  bool agree(const char* operation, const std::string& key, storage::Outcome outcome,
             const Judge& judge);
  /// Looks the key up without a trace and compares. Where items may vanish, forgets the vanished.
  void compare(const std::string& key);
  void compare_item(const std::string& key, const Model::Entry& entry, const storage::Item& item);
  /// Whether appending and counting keep the stale and won marks is promised nowhere.
  void adopt_marks(const std::string& key);
  void expect_new_cas(uint64_t cas, bool given_by_client);

  uint32_t pick(uint32_t below) { return choices_.pick(below); }
  bool one_in(uint32_t n) { return choices_.one_in(n); }
  /// The key's CAS, or one a little off, or nothing.
  std::optional<uint64_t> any_compare(const std::string& key, uint32_t off_one_in);

  storage::Store& store() { return opened_.store(); }
  storage::StoreThread& thread() { return opened_.thread(); }

  OpenedStore& opened_;
  WalkOptions options_;
  Model model_;
  Choices choices_;
  const char* operation_ = "";  // under way
  uint64_t last_cas_ = 0;
  struct Pinned {
    const storage::Item* item;
    std::string value;
  };
  std::vector<Pinned> pinned_;
  storage::DumpCursor lying_;  // a list that is written a little at a time
  Counts counts_;
};

}  // namespace ember::property
