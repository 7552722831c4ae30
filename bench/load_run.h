// SPDX-License-Identifier: BSD-3-Clause
// LoadRun: the threads of a run, its phases (fill, warm-up, measure), and what came out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "bench/client_loop.h"

namespace ember::bench {

struct LoadOptions {
  std::string server = "127.0.0.1:11211";
  const TlsClient* tls = nullptr;  // outlives the run; null: plain
  LoopOptions loop;                // connections and rate: of all threads together
  uint32_t threads = 1;
  bool fill = true;  // set every key once before
  double warm_up_seconds = 1;
  double seconds = 10;
  uint64_t requests = 0;  // stop when so many are measured; 0: only by time
  std::vector<int> cpus;  // thread i runs on cpus[i % size]; empty: anywhere
  std::optional<pid_t> server_pid;
  bool progress = true;
};

struct Totals {
  uint64_t requests = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t sets = 0;
  uint64_t errors = 0;
  uint64_t corrupt = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
};

struct ServerUse {
  double user_us_per_request = 0;
  double system_us_per_request = 0;
  double cpu_share = 0;         // of one CPU
  uint64_t resident_bytes = 0;  // at the end
  double us_per_request() const { return user_us_per_request + system_us_per_request; }
};

struct LoadResult {
  double fill_seconds = 0;
  double seconds = 0;
  Totals totals;              // of the measured phase
  Histogram latencies;        // ns
  std::vector<double> rates;  // requests a second, every kRateIntervalMs
  std::optional<ServerUse> server;
  double client_cpu_share = 0;  // of one CPU, all threads together
  std::string first_error;
  double requests_per_second() const {
    return seconds > 0 ? static_cast<double>(totals.requests) / seconds : 0;
  }
};

inline constexpr int kRateIntervalMs = 100;

Result<LoadResult> perform_load_run(const Workload& workload, const LoadOptions& options);

/// Sets all keys, without measuring; returns how long it took.
Result<double> run_fill(const Workload& workload, const LoadOptions& options);

/// Keeps the calling thread on `cpu`.
Result<void> pin_thread(int cpu);

}  // namespace ember::bench
