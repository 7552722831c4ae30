// SPDX-License-Identifier: BSD-3-Clause
// Model: what a store promises, in the simplest form that can be: a map, and the rules of
// storage/store.h one after the other. The store is right when it answers as this does.
// Not bounded, not threaded, not fast.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "storage/store.h"
#include "tests/property/opened_store.h"

namespace ember::property {

class Model {
 public:
  struct Entry {
    std::string value;
    uint32_t client_flags = 0;
    UnixSeconds exptime = 0;
    uint64_t cas = 0;
    bool stale = false;
    bool won = false;
    UnixSeconds stored_at = 0;
  };

  explicit Model(const Clock& clock) : clock_(&clock) {}

  /// The live entry of a key: not expired, not flushed; or null.
  Entry* find(const std::string& key);

  void forget(const std::string& key) { entries_.erase(key); }
  const std::unordered_map<std::string, Entry>& entries() const { return entries_; }

  // Each answers what the store must, and does it. Where the store gives a CAS, it comes from the
  // caller: `cas`.
  storage::Outcome publish(const NewItem& item, const storage::WriteRule& rule, uint64_t cas);
  storage::Outcome concatenate(const NewItem& addition, storage::Store::End end,
                               const storage::WriteRule& rule, uint64_t cas);
  struct Sum {
    storage::Outcome outcome = storage::Outcome::stored;
    uint64_t value = 0;
  };
  Sum arithmetic(const std::string& key, const storage::ArithmeticRule& rule, uint64_t cas);
  bool touch(const std::string& key, UnixSeconds exptime);
  storage::Outcome remove(const std::string& key, std::optional<uint64_t> cas_compare);
  storage::Outcome invalidate(const std::string& key, const storage::Store::InvalidateRule& rule,
                              uint64_t cas);
  void flush_all(UnixSeconds when);

 private:
  bool flushed(const Entry& entry) const;

  const Clock* clock_;  // a pointer, that models can be assigned
  std::unordered_map<std::string, Entry> entries_;
  UnixSeconds flush_at_ = 0;  // 0: no flush is to come
};

}  // namespace ember::property
