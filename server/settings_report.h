// SPDX-License-Identifier: BSD-3-Clause
// settings_report: the names and values of `stats settings`, all of memcached 1.6.45's, in its
// order. A setting Ember has no such thing for has the value that tells the truth nearest
// (docs/options.md), whatever was given on the command line.
#pragma once

#include <cstdint>

#include "server/metrics/stats_source.h"
#include "server/options/options.h"

namespace ember::server {

/// What changes while the server runs.
struct LiveSettings {
  /// Where TCP is listened on in truth (-p -1: the port found).
  int32_t tcp_port = 0;
  /// The same for UDP.
  int32_t udp_port = 0;
  /// As the `verbosity` command left it.
  uint32_t verbosity = 0;
  /// Seconds since the oldest item was used.
  uint64_t oldest = 0;
  /// As `cache_memlimit` left it, in bytes; 0: as at the start.
  uint64_t memory_limit = 0;
  /// `lru_crawler enable|sleep|tocrawl`
  bool sweep = true;
  uint32_t sweep_rest_us = 0;
  uint32_t sweep_items = 0;
  /// `slabs automove`
  uint32_t automove = 1;
  double automove_ratio = 0.8;
  /// `stats detail on`, `stats sizes_enable`
  bool detail = false;
  bool track_sizes = false;
};

Settings settings_report(const Options& options, const LiveSettings& live);

}  // namespace ember::server
