// SPDX-License-Identifier: BSD-3-Clause
// store_metrics: the store's figures as metrics: all of it, by slab class, and what a start found
// in a memory file. Not the counting: that is the store's (Store::stats, class_stats, class_use).
//
// Threads: reading is any thread's, as Store::stats() is.
#pragma once

#include <string>
#include <string_view>

#include "server/metrics/registry.h"
#include "storage/store.h"

namespace ember::server::command {

/// What the store does not know of its memory, and `stats ember` shows.
struct MemoryNames {
  /// -e; empty without.
  std::string file;
  /// The kind of pages that item memory is mapped by.
  std::string_view pages = "usual";
};

/// Adds the metrics of `store`, which outlives `metrics`; `stats reset` resets the store's
/// counters.
void add_store_metrics(storage::Store& store, const MemoryNames& memory, MetricRegistry& metrics);

}  // namespace ember::server::command
