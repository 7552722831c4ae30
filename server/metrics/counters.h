// SPDX-License-Identifier: BSD-3-Clause
// Counters: what one worker's commands came to, and the metrics made of them. Not the counts by
// slab class: those are the store's (storage::UseCounters).
//
// Ownership: the registry owns the counters of all workers. Threads: one worker writes its
// Counters; any thread reads them. Nothing is shared by writers: `stats` adds the workers up. Cost:
// of a count, a plain increment of a line that only this worker writes.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/counter.h"
#include "base/mutex.h"
#include "server/metrics/metric.h"
#include "server/metrics/prefix_counts.h"
#include "server/metrics/registry.h"

namespace ember::server {

/// One worker's, as command_metrics() explains them. On its own cache lines, so that workers do not
/// slow each other down.
struct alignas(64) Counters {
  Counter cmd_get;
  Counter cmd_set;
  Counter cmd_flush;
  Counter cmd_touch;
  Counter cmd_meta;
  Counter get_hits;
  Counter get_misses;
  Counter get_expired;
  Counter get_flushed;
  Counter delete_misses;
  Counter delete_hits;
  Counter incr_misses;
  Counter incr_hits;
  Counter decr_misses;
  Counter decr_hits;
  Counter cas_misses;
  Counter cas_hits;
  Counter cas_badval;
  Counter touch_hits;
  Counter touch_misses;
  Counter store_too_large;
  Counter store_no_memory;
};

/// One row for each counter, in the order of `stats`.
std::span<const MetricRow<Counters>> command_metrics();

/// The counters of all workers of one server.
class CounterRegistry {
 public:
  /// Returns a new worker's counters; they live as long as the registry.
  Counters& add() EMBER_EXCLUDES(mutex_);

  /// Calls `visit` with the counters of each worker. They only grow: what `stats reset` subtracts
  /// is kept by who shows them (metric_group.h).
  void each(const std::function<void(const Counters& worker)>& visit) const EMBER_EXCLUDES(mutex_);

  /// Counts by key prefix, of all workers too.
  PrefixTable& prefixes() { return prefixes_; }

 private:
  PrefixTable prefixes_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Counters>> workers_ EMBER_GUARDED_BY(mutex_);
};

/// Adds the commands' counters, and of the counts by prefix what `stats` shows; both count from
/// zero again after `stats reset`. `counters` outlives `metrics`.
void add_command_metrics(CounterRegistry& counters, MetricRegistry& metrics);

}  // namespace ember::server
