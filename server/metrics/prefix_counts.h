// SPDX-License-Identifier: BSD-3-Clause
// PrefixCounts: gets, hits, sets and deletes by the part of a key before a delimiter: stats detail.
// Off, it is one load of a word that only `stats detail on|off` writes.
//
// Threads: each worker counts in its own PrefixCounts; its mutex is contended only while somebody
// asks for all of them. PrefixTable is any thread's.
// Bounds: kMost prefixes in all; the keys of others are not counted (dropped()).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace ember::server {

struct PrefixCount {
  uint64_t gets = 0;
  uint64_t hits = 0;
  uint64_t sets = 0;
  uint64_t deletes = 0;
};

class PrefixTable;

/// One worker's.
class PrefixCounts {
 public:
  explicit PrefixCounts(PrefixTable& table) : table_(table) {}

  void get(std::string_view key, bool hit) {
    if (on_.load(std::memory_order_relaxed)) [[unlikely]] {
      count(key, {.gets = 1, .hits = hit ? 1U : 0U});
    }
  }
  void set(std::string_view key) {
    if (on_.load(std::memory_order_relaxed)) [[unlikely]] {
      count(key, {.sets = 1});
    }
  }
  void remove(std::string_view key) {
    if (on_.load(std::memory_order_relaxed)) [[unlikely]] {
      count(key, {.deletes = 1});
    }
  }

 private:
  friend class PrefixTable;
  using Map = std::map<std::string, PrefixCount, std::less<>>;

  void count(std::string_view key, const PrefixCount& change) EMBER_EXCLUDES(mutex_);

  std::atomic<bool> on_{false};
  PrefixTable& table_;
  Mutex mutex_;
  Map counts_ EMBER_GUARDED_BY(mutex_);
};

/// All workers'.
class PrefixTable {
 public:
  static constexpr size_t kMost = 4096;

  /// Before there are workers.
  void set_delimiter(char delimiter) { delimiter_ = delimiter; }
  char delimiter() const { return delimiter_; }

  PrefixCounts& add() EMBER_EXCLUDES(mutex_);
  void switch_on(bool on) EMBER_EXCLUDES(mutex_);
  bool on() const { return on_.load(std::memory_order_relaxed); }
  void clear() EMBER_EXCLUDES(mutex_);

  /// True if the prefix is counted: it is known, or there is room for one more.
  bool admit(std::string_view prefix) EMBER_EXCLUDES(names_mutex_);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  std::map<std::string, PrefixCount, std::less<>> sum() const EMBER_EXCLUDES(mutex_);

 private:
  char delimiter_ = ':';
  std::atomic<bool> on_{false};
  std::atomic<uint64_t> dropped_{0};
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<PrefixCounts>> workers_ EMBER_GUARDED_BY(mutex_);
  Mutex names_mutex_;
  std::set<std::string, std::less<>> names_ EMBER_GUARDED_BY(names_mutex_);
};

}  // namespace ember::server
