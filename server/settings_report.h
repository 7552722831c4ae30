// SPDX-License-Identifier: BSD-3-Clause
// settings_report: `stats settings` as metrics: all of memcached 1.6.45's names, in its order, read
// from Options. A setting Ember has no such thing for has the value that tells the truth nearest
// (docs/options.md), whatever was given on the command line. Not what commands changed since the
// start: whoever reads gives Options that have it (ServerStats).
//
// Threads: a constant.
#pragma once

#include <span>

#include "server/metrics/metric.h"
#include "server/options/options.h"

namespace ember::server {

/// Returns one row for each setting, in the order of `stats settings`.
std::span<const MetricRow<Options>> settings_table();

}  // namespace ember::server
