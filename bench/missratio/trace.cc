// SPDX-License-Identifier: BSD-3-Clause
#include "bench/missratio/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "bench/popularity.h"
#include "bench/random.h"
#include "bench/size_distribution.h"

namespace ember::bench {
namespace {

constexpr double kTheta = 0.9;
constexpr uint64_t kMeanSize = 380;       // of an item: lognormal 200:1, its key and header
constexpr uint64_t kTimedRate = 100'000;  // requests a second
constexpr uint32_t kShortTtl = 2;

uint64_t hash_of(uint64_t key, const TraceOptions& options) {
  return mix(key ^ (options.seed << 40));
}

/// Zipf ranks scattered over the keys first .. first + count.
class HotKeys {
 public:
  HotKeys(uint32_t first, uint64_t count)
      : first_(first), popularity_(*Popularity::parse(fmt::format("zipf:{}", kTheta), count)) {}
  uint32_t draw(Random& random) const {
    return first_ + static_cast<uint32_t>(popularity_.draw(random));
  }

 private:
  uint32_t first_;
  Popularity popularity_;
};

SizeDistribution sizes_around(uint64_t median) {
  return *SizeDistribution::parse(fmt::format("lognormal:{}:1:{}", median, 40 * median));
}

void make_zipf(Trace& trace, const TraceOptions& options) {
  const auto sizes = sizes_around(200);
  const HotKeys keys(0, options.footprint / kMeanSize);
  Random random(options.seed);
  while (trace.requests.size() < options.requests) {
    const uint32_t key = keys.draw(random);
    trace.requests.push_back(
        {.key = key, .size = static_cast<uint32_t>(sizes.draw(hash_of(key, options)))});
  }
}

void make_scan(Trace& trace, const TraceOptions& options) {
  constexpr uint64_t kScanLength = 60'000;
  constexpr uint64_t kBetweenScans = 140'000;
  const auto sizes = sizes_around(200);
  const auto hot = static_cast<uint32_t>(options.footprint / kMeanSize / 2);
  const HotKeys keys(0, hot);
  const uint32_t cold = 3 * hot;
  Random random(options.seed);
  uint32_t scanned = 0;
  while (trace.requests.size() < options.requests) {
    const bool scanning = trace.requests.size() % (kBetweenScans + kScanLength) >= kBetweenScans;
    const uint32_t key = scanning ? hot + scanned++ % cold : keys.draw(random);
    check(scanning == (key >= hot), "scans are over keys of their own");
    trace.requests.push_back(
        {.key = key, .size = static_cast<uint32_t>(sizes.draw(hash_of(key, options)))});
  }
}

void make_onehit(Trace& trace, const TraceOptions& options) {
  const auto sizes = sizes_around(200);
  const auto hot = static_cast<uint32_t>(options.footprint / kMeanSize / 2);
  const HotKeys keys(0, hot);
  Random random(options.seed);
  uint32_t unique = hot;
  while (trace.requests.size() < options.requests) {
    const uint32_t key = random.below(2) == 0 ? unique++ : keys.draw(random);
    trace.requests.push_back(
        {.key = key, .size = static_cast<uint32_t>(sizes.draw(hash_of(key, options)))});
  }
}

void make_shift(Trace& trace, const TraceOptions& options) {
  constexpr std::array<uint64_t, 6> kMedians = {100, 1000, 4000, 300, 2000, 100};
  Random random(options.seed);
  uint32_t first = 0;
  for (size_t phase = 0; phase < kMedians.size(); ++phase) {
    const auto sizes = sizes_around(kMedians[phase]);
    // The mean of a lognormal with sigma 1 is 1.65 times its median.
    const auto count =
        static_cast<uint32_t>(options.footprint / (50 + kMedians[phase] * 165 / 100));
    const HotKeys keys(first, count);
    const uint64_t until = options.requests * (phase + 1) / kMedians.size();
    while (trace.requests.size() < until) {
      const uint32_t key = keys.draw(random);
      trace.requests.push_back(
          {.key = key, .size = static_cast<uint32_t>(sizes.draw(hash_of(key, options)))});
    }
    check(trace.requests.size() == until, "the phases are of equal length");
    first += count;
  }
}

void make_ttl(Trace& trace, const TraceOptions& options) {
  make_zipf(trace, options);
  trace.timed = true;
  for (size_t at = 0; at < trace.requests.size(); ++at) {
    TraceRequest& request = trace.requests[at];
    request.second = static_cast<uint32_t>(at / kTimedRate);
    request.ttl = hash_of(request.key + 0x74746c, options) % 2 == 0 ? kShortTtl : 0;
  }
}

}  // namespace

Result<Trace> make_trace(std::string_view name, const TraceOptions& options) {
  Trace trace;
  trace.name = name;
  trace.requests.reserve(options.requests);
  if (name == "zipf") {
    make_zipf(trace, options);
  } else if (name == "scan") {
    make_scan(trace, options);
  } else if (name == "onehit") {
    make_onehit(trace, options);
  } else if (name == "shift") {
    make_shift(trace, options);
  } else if (name == "ttl") {
    make_ttl(trace, options);
  } else {
    return fail(fmt::format("there is no trace '{}': zipf, scan, onehit, shift, ttl", name));
  }
  check(trace.requests.size() == options.requests, "a trace has the requests asked for");
  for (const TraceRequest& request : trace.requests) {
    trace.key_count = std::max(trace.key_count, request.key + 1);
    trace.max_size = std::max(trace.max_size, request.size);
  }
  return trace;
}

}  // namespace ember::bench
