// SPDX-License-Identifier: BSD-3-Clause
// Trace: a fixed sequence of cache-aside requests, made from a seed: the same on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ember::bench {

/// Get `key`; on a miss set it, with a value of `size` bytes that lives `ttl` seconds (0: for
/// ever).
struct TraceRequest {
  uint32_t key = 0;
  uint32_t size = 0;
  uint32_t second = 0;  // when, since the trace began
  uint32_t ttl = 0;
};

struct Trace {
  std::string name;
  std::vector<TraceRequest> requests;
  uint32_t key_count = 0;  // every key is below
  uint32_t max_size = 0;
  bool timed = false;  // must be replayed in its own time: items expire
};

struct TraceOptions {
  uint64_t requests = 2'000'000;
  uint64_t seed = 1;
  /// The bytes that all distinct items of a trace have together, roughly.
  uint64_t footprint = uint64_t{256} << 20;
};

inline constexpr std::string_view kTraceNames[] = {"zipf", "scan", "onehit", "shift", "ttl"};

/// zipf:   zipf(0.9), sizes lognormal around 200 bytes.
/// scan:   the same, interrupted by scans over keys that are not asked for again soon.
/// onehit: half of all requests are for keys that never come back.
/// shift:  item sizes change from hundreds of bytes to kilobytes and back, keys with them.
/// ttl:    zipf, half of the keys live two seconds, the others for ever; in real time.
Result<Trace> make_trace(std::string_view name, const TraceOptions& options);

}  // namespace ember::bench
