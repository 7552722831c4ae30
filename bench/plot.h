// SPDX-License-Identifier: BSD-3-Clause
// plot: a run as one SVG picture: latency by percentile, and throughput over time.
#pragma once

#include <string>

#include "bench/load_run.h"

namespace ember::bench {

std::string as_svg(const LoadResult& result, const std::string& title);

}  // namespace ember::bench
