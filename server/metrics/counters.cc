// SPDX-License-Identifier: BSD-3-Clause
// counters: adding up the workers' counters.
#include "server/metrics/counters.h"

namespace ember::server {

Counters& CounterRegistry::add() {
  const MutexLock lock(mutex_);
  workers_.push_back(std::make_unique<Counters>());
  return *workers_.back();
}

CounterTotals CounterRegistry::sum() const {
  CounterTotals totals{};
  for (const auto& worker : workers_) {
    for (size_t i = 0; i < kCounterNames.size(); ++i) {
      totals[i] += ((*worker).*kCounterNames[i].counter).get();
    }
  }
  return totals;
}

CounterTotals CounterRegistry::totals() const {
  const MutexLock lock(mutex_);
  CounterTotals totals = sum();
  for (size_t i = 0; i < totals.size(); ++i) {
    totals[i] -= at_reset_[i];
  }
  return totals;
}

void CounterRegistry::reset() {
  const MutexLock lock(mutex_);
  at_reset_ = sum();
}

}  // namespace ember::server
