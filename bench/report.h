// SPDX-License-Identifier: BSD-3-Clause
// report: a run's figures as text for people, as a CSV row and as JSON for programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bench/load_run.h"

namespace ember::bench {

/// A figure's name, unit included, and its value; the order is the order of output.
using Stats = std::vector<std::pair<std::string, double>>;

Stats stats_of(const LoadResult& result);

std::string as_text(const Stats& stats);
std::string as_csv(const Stats& stats);
std::string as_json(const Stats& stats, const std::vector<double>& rates);

/// "-" is standard output.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace ember::bench
