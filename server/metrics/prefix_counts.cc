// SPDX-License-Identifier: BSD-3-Clause
#include "server/metrics/prefix_counts.h"

#include "base/check.h"

namespace ember::server {

/// A key without the delimiter has no prefix and is not counted, as in memcached.
void PrefixCounts::count(std::string_view key, const PrefixCount& change) {
  const size_t end = key.find(table_.delimiter());
  if (end == std::string_view::npos) {
    return;
  }
  const std::string_view prefix = key.substr(0, end);
  const MutexLock lock(mutex_);
  auto found = counts_.find(prefix);
  if (found == counts_.end()) {
    if (!table_.admit(prefix)) {
      return;
    }
    found = counts_.emplace(prefix, PrefixCount{}).first;
  }
  PrefixCount& sums = found->second;
  sums.gets += change.gets;
  sums.hits += change.hits;
  sums.sets += change.sets;
  sums.deletes += change.deletes;
}

PrefixCounts& PrefixTable::add() {
  const MutexLock lock(mutex_);
  workers_.push_back(std::make_unique<PrefixCounts>(*this));
  workers_.back()->on_.store(on());
  return *workers_.back();
}

void PrefixTable::switch_on(bool on) {
  const MutexLock lock(mutex_);
  on_.store(on);
  for (const auto& worker : workers_) {
    worker->on_.store(on, std::memory_order_relaxed);
  }
}

void PrefixTable::clear() {
  const MutexLock lock(mutex_);
  for (const auto& worker : workers_) {
    const MutexLock worker_lock(worker->mutex_);
    worker->counts_.clear();
  }
  const MutexLock names_lock(names_mutex_);
  names_.clear();
}

bool PrefixTable::admit(std::string_view prefix) {
  const MutexLock lock(names_mutex_);
  if (names_.contains(prefix)) {
    return true;
  }
  if (names_.size() >= kMost) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  names_.emplace(prefix);
  check(names_.size() <= kMost, "the number of prefixes is bounded");
  return true;
}

std::map<std::string, PrefixCount, std::less<>> PrefixTable::sum() const {
  std::map<std::string, PrefixCount, std::less<>> sums;
  const MutexLock lock(mutex_);
  for (const auto& worker : workers_) {
    const MutexLock worker_lock(worker->mutex_);
    for (const auto& [prefix, count] : worker->counts_) {
      PrefixCount& sum = sums[prefix];
      sum.gets += count.gets;
      sum.hits += count.hits;
      sum.sets += count.sets;
      sum.deletes += count.deletes;
    }
  }
  return sums;
}

}  // namespace ember::server
