// SPDX-License-Identifier: BSD-3-Clause
// Context: what doing a command needs: the store, this worker's place in it, its counters, and the
// options. The functions of this folder take it instead of a handler. Not the command.
//
// Threads: one a worker, on its loop.
// Ownership: what it refers to outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "protocol/handler.h"
#include "server/metrics/counters.h"
#include "server/metrics/prefix_counts.h"
#include "server/metrics/stats_source.h"
#include "server/watch/watch_log.h"
#include "server/watch/watch_service.h"
#include "storage/core/store_thread.h"
#include "storage/store.h"

namespace ember::server::command {

class ItemDumps;

struct HandlerOptions {
  /// The largest item (-I).
  size_t item_size_max = kMiB;
  /// not -C: items show their CAS, and comparing with it can succeed.
  bool use_cas = true;
  /// not -F
  bool flush_enabled = true;
  /// not -X
  bool dump_enabled = true;
  /// not -o no_slab_reassign
  bool slab_reassign = true;
  /// not -W
  bool watch_enabled = true;
  /// -A
  bool shutdown_enabled = false;
  /// `version` and `stats` say this.
  std::string version = "1.6.45";
  /// No command is begun while the reply is this large.
  size_t max_reply_size = kMiB;
  /// `verbosity N`
  std::function<void(uint64_t level)> set_verbosity;
  /// `refresh_certs`; none without TLS.
  std::function<Result<void>()> refresh_certs;
  /// `debugtime N`, with --enable-debug-commands: time goes on by so many seconds at once.
  std::function<void(uint32_t seconds)> skip_time;
  /// `shutdown [graceful]`, if enabled. The connection is closed after it.
  std::function<void(bool graceful)> shut_down;
};

/// What a handler works with. All of it outlives the handler.
struct HandlerParts {
  storage::Store& store;
  /// This worker's place in the store; the worker calls quiesce(), offline() and online().
  storage::StoreThread& thread;
  const Clock& clock;
  CounterRegistry& registry;
  StatsSource& stats;
  /// Where this worker puts what watchers may ask for.
  WatchLog& log;
  WatchService& watch;
  /// The way to this worker's connections.
  WatchOutlet& outlet;
};

struct Context {
  storage::Store& store;
  storage::StoreThread& thread;
  const Clock& clock;
  CounterRegistry& registry;
  StatsSource& stats;
  Counters& counters;
  WatchLog& log;
  ItemDumps& dumps;
  PrefixCounts& prefixes;
  HandlerOptions options;
  /// Whose commands are being done; null before the first.
  protocol::Client* client = nullptr;

  /// Returns the CAS to show to clients: 0 with -C.
  uint64_t visible_cas(uint64_t cas) const { return options.use_cas ? cas : 0; }

  /// Returns what a CAS, if one is `given`, is compared with. With -C no item ever matches it.
  std::optional<uint64_t> compared_cas(bool given, uint64_t cas) const {
    if (!given) {
      return std::nullopt;
    }
    return options.use_cas ? cas : UINT64_MAX;
  }

  /// Returns this thread's counters of the class that `item` lies in.
  storage::UseCounters& use_of(const storage::Item& item) const {
    return thread.use(store.class_of(item));
  }
};

/// Counts a miss of an item that was there until it expired or was flushed.
inline void count_miss(Counters& counters, const storage::Found& found) {
  if (found.miss == storage::Miss::expired) {
    ++counters.get_expired;
  } else if (found.miss == storage::Miss::flushed) {
    ++counters.get_flushed;
  }
}

}  // namespace ember::server::command
