// SPDX-License-Identifier: BSD-3-Clause
// Counters: what one worker's commands came to, and the names `stats` gives them. Counts by slab
// class are the store's (storage::ClassUse).
//
// Threads: one worker writes its Counters; any thread reads them. Nothing is shared by writers:
// CounterRegistry adds the workers up when somebody asks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/counter.h"
#include "base/mutex.h"
#include "server/metrics/prefix_counts.h"

namespace ember::server {

/// One worker's. On its own cache lines, so that workers do not slow each other down.
struct alignas(64) Counters {
  Counter cmd_get;  // keys asked for
  Counter cmd_set;  // storage commands whose value came whole
  Counter cmd_flush;
  Counter cmd_touch;  // touch, gat and mg with T, found or not (mg: found only)
  Counter cmd_meta;   // me, as in memcached: the other meta commands count as what they do
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

struct CounterName {
  std::string_view name;
  Counter Counters::* counter;
};

/// Every counter, in the order of `stats`.
inline constexpr std::array kCounterNames{
    CounterName{"cmd_get", &Counters::cmd_get},
    CounterName{"cmd_set", &Counters::cmd_set},
    CounterName{"cmd_flush", &Counters::cmd_flush},
    CounterName{"cmd_touch", &Counters::cmd_touch},
    CounterName{"cmd_meta", &Counters::cmd_meta},
    CounterName{"get_hits", &Counters::get_hits},
    CounterName{"get_misses", &Counters::get_misses},
    CounterName{"get_expired", &Counters::get_expired},
    CounterName{"get_flushed", &Counters::get_flushed},
    CounterName{"delete_misses", &Counters::delete_misses},
    CounterName{"delete_hits", &Counters::delete_hits},
    CounterName{"incr_misses", &Counters::incr_misses},
    CounterName{"incr_hits", &Counters::incr_hits},
    CounterName{"decr_misses", &Counters::decr_misses},
    CounterName{"decr_hits", &Counters::decr_hits},
    CounterName{"cas_misses", &Counters::cas_misses},
    CounterName{"cas_hits", &Counters::cas_hits},
    CounterName{"cas_badval", &Counters::cas_badval},
    CounterName{"touch_hits", &Counters::touch_hits},
    CounterName{"touch_misses", &Counters::touch_misses},
    CounterName{"store_too_large", &Counters::store_too_large},
    CounterName{"store_no_memory", &Counters::store_no_memory},
};

/// Sums over all workers, in the order of kCounterNames.
using CounterTotals = std::array<uint64_t, kCounterNames.size()>;

/// The counters of all workers of one server.
class CounterRegistry {
 public:
  /// A new worker's counters; they live as long as the registry.
  Counters& add();

  /// Since start, or since the last reset().
  CounterTotals totals() const;

  /// Counts from zero again. The workers' own counters go on: only what is subtracted changes, so
  /// that nothing counted meanwhile is lost.
  void reset();

  /// Counts by key prefix, of all workers too.
  PrefixTable& prefixes() { return prefixes_; }

 private:
  CounterTotals sum() const EMBER_REQUIRES(mutex_);

  PrefixTable prefixes_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Counters>> workers_ EMBER_GUARDED_BY(mutex_);
  CounterTotals at_reset_ EMBER_GUARDED_BY(mutex_){};
};

}  // namespace ember::server
