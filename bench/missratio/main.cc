// SPDX-License-Identifier: BSD-3-Clause
// ember-missratio: what fixed traces miss, in servers and on paper. See bench/README.md.
#include <fmt/format.h>
#include <gflags/gflags.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/missratio/policy.h"
#include "bench/missratio/replay.h"
#include "bench/missratio/trace.h"

DEFINE_string(traces, "zipf,scan,onehit,shift,ttl", "which traces, in order");
DEFINE_uint64(requests, 2000000, "requests of a trace");
DEFINE_uint64(seed, 1, "the traces' seed");
DEFINE_uint64(footprint_mb, 256, "MiB of all distinct items of a trace, about");
DEFINE_uint64(memory_mb, 64, "MiB of the simulated caches and of --in_process (a server's -m)");
DEFINE_uint64(overhead, 24, "bytes an item costs the simulated caches beside key and value");
DEFINE_string(server, "",
              "replay to this server (HOST:PORT or unix:PATH); it should be empty, one "
              "trace a server");
DEFINE_uint32(batch, 64, "requests sent to a server at once");
DEFINE_bool(in_process, false, "replay to Ember's store in this process");
DEFINE_uint32(maintain_every, 32, "with --in_process: requests between turns of upkeep");
DEFINE_bool(policies, true, "simulate LRU, S3-FIFO and Belady's optimum");

namespace ember::bench {
namespace {

constexpr size_t kKeySize = 24;

using Replay = std::function<Result<ReplayResult>(const Trace&)>;

struct Row {
  std::string name;
  Replay replay;
};

Replay to_server(const KeySpace& keys) {
  return [&keys](const Trace& trace) {
    return replay_to_server(trace, keys, {.server = FLAGS_server, .batch = FLAGS_batch});
  };
}

Replay to_store(const KeySpace& keys) {
  return [&keys](const Trace& trace) {
    return replay_to_store(
        trace, keys,
        {.memory_limit = FLAGS_memory_mb << 20, .maintain_every = FLAGS_maintain_every});
  };
}

Replay on_paper(ReplayResult (*simulate)(const Trace&, const PolicyOptions&)) {
  return [simulate](const Trace& trace) -> Result<ReplayResult> {
    return simulate(trace, {.capacity = FLAGS_memory_mb << 20,
                            .key_size = kKeySize,
                            .overhead = static_cast<uint32_t>(FLAGS_overhead)});
  };
}

std::vector<Row> rows_wanted(const KeySpace& keys) {
  std::vector<Row> rows;
  if (!FLAGS_server.empty()) {
    rows.push_back({"server", to_server(keys)});
  }
  if (FLAGS_in_process) {
    rows.push_back({"store", to_store(keys)});
  }
  if (FLAGS_policies) {
    rows.push_back({"lru", on_paper(&simulate_lru)});
    rows.push_back({"s3fifo", on_paper(&simulate_s3fifo)});
    rows.push_back({"belady", on_paper(&simulate_belady)});
  }
  return rows;
}

/// One line a row; compare.py reads them by their columns.
Result<void> run_trace(std::string_view name, const std::vector<Row>& rows) {
  auto trace = make_trace(
      name,
      {.requests = FLAGS_requests, .seed = FLAGS_seed, .footprint = FLAGS_footprint_mb << 20});
  if (!trace) {
    return std::unexpected(trace.error());
  }
  for (const Row& row : rows) {
    auto result = row.replay(*trace);
    if (!result) {
      return std::unexpected(result.error());
    }
    std::fputs(
        fmt::format("{:<8} {:<8} {:>10} {:>8.4f} {:>8.4f} {:>8} {:>8} {:>8.1f}\n", name, row.name,
                    result->requests, result->miss_ratio(), result->byte_miss_ratio(),
                    result->refused, result->corrupt, result->seconds)
            .c_str(),
        stdout);
    std::fflush(stdout);
    if (!result->first_error.empty()) {
      std::fprintf(stderr, "first error: %s\n", result->first_error.c_str());
    }
    if (result->corrupt > 0) {
      return fail(fmt::format("{} hits had wrong bytes", result->corrupt));
    }
  }
  return {};
}

Result<void> run() {
  auto keys = KeySpace::make(*SizeDistribution::parse(std::to_string(kKeySize)), uint64_t{1} << 32);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  const std::vector<Row> rows = rows_wanted(*keys);
  std::fputs(fmt::format("{:<8} {:<8} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "trace", "cache",
                         "requests", "misses", "bytes", "refused", "corrupt", "seconds")
                 .c_str(),
             stdout);
  std::string_view names = FLAGS_traces;
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    if (auto done = run_trace(names.substr(0, comma), rows); !done) {
      return done;
    }
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return {};
}

}  // namespace
}  // namespace ember::bench

int main(int argc, char** argv) {
  gflags::SetUsageMessage(
      "replays seeded cache-aside traces and prints what part of the requests (and of their bytes) "
      "missed\n\n  ember-missratio --in_process --memory_mb=64\n"
      "  ember-missratio --server=127.0.0.1:11211 --traces=zipf");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (auto done = ember::bench::run(); !done) {
    std::fprintf(stderr, "ember-missratio: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
