// SPDX-License-Identifier: BSD-3-Clause
// The policies on paper: by hand on small traces, against a brute-force optimum, and in the order
// they must have on the traces themselves.
#include "bench/missratio/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "bench/random.h"

namespace ember::bench {
namespace {

/// Items of one byte, no overhead: a capacity in items.
constexpr PolicyOptions items(uint64_t count) {
  return {.capacity = count, .key_size = 0, .overhead = 0};
}

Trace trace_of(const std::vector<uint32_t>& keys) {
  Trace trace;
  for (const uint32_t key : keys) {
    trace.requests.push_back({.key = key, .size = 1});
    trace.key_count = std::max(trace.key_count, key + 1);
  }
  return trace;
}

TEST(Lru, EvictsTheLeastRecentlyUsed) {
  const Trace trace = trace_of({0, 1, 0, 2, 0, 1});
  EXPECT_EQ(simulate_lru(trace, items(2)).misses, 4u);
  EXPECT_EQ(simulate_lru(trace, items(3)).misses, 3u);
}

TEST(Lru, ExpiredItemsMiss) {
  Trace trace = trace_of({0, 0, 0, 0});
  for (uint32_t at = 0; at < 4; ++at) {
    trace.requests[at].second = at;
    trace.requests[at].ttl = 2;
  }
  for (const auto simulate : {simulate_lru, simulate_s3fifo, simulate_belady}) {
    EXPECT_EQ(simulate(trace, items(5)).misses, 2u);
  }
}

TEST(S3Fifo, AScanDoesNotEvictWhatIsUsed) {
  std::vector<uint32_t> keys;
  for (int round = 0; round < 5; ++round) {
    for (uint32_t hot = 0; hot < 50; ++hot) {
      keys.push_back(hot);
    }
  }
  for (uint32_t cold = 1000; cold < 2000; ++cold) {
    keys.push_back(cold);
  }
  for (uint32_t hot = 0; hot < 50; ++hot) {
    keys.push_back(hot);
  }
  const Trace trace = trace_of(keys);
  EXPECT_EQ(simulate_s3fifo(trace, items(100)).misses, 1050u);
  EXPECT_EQ(simulate_lru(trace, items(100)).misses, 1100u);
}

/// The fewest misses any replacement can have, bypass allowed: all reachable contents.
uint64_t best_possible(const Trace& trace, size_t capacity) {
  std::map<std::set<uint32_t>, uint64_t> states = {{{}, 0}};
  for (const TraceRequest& request : trace.requests) {
    std::map<std::set<uint32_t>, uint64_t> next;
    const auto reach = [&next](const std::set<uint32_t>& held, uint64_t misses) {
      const auto [at, fresh] = next.emplace(held, misses);
      at->second = std::min(at->second, misses);
    };
    for (const auto& [held, misses] : states) {
      if (held.contains(request.key)) {
        reach(held, misses);
        continue;
      }
      reach(held, misses + 1);
      auto grown = held;
      grown.insert(request.key);
      if (grown.size() <= capacity) {
        reach(grown, misses + 1);
        continue;
      }
      for (const uint32_t victim : held) {
        auto changed = grown;
        changed.erase(victim);
        reach(changed, misses + 1);
      }
    }
    states = std::move(next);
  }
  uint64_t best = trace.requests.size();
  for (const auto& [held, misses] : states) {
    best = std::min(best, misses);
  }
  return best;
}

TEST(Belady, IsTheOptimumForEqualSizes) {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<uint32_t> keys(30);
    std::ranges::generate(keys, [&random] { return static_cast<uint32_t>(random.below(7)); });
    const Trace trace = trace_of(keys);
    ASSERT_EQ(simulate_belady(trace, items(3)).misses, best_possible(trace, 3));
  }
}

TEST(Policies, NoneBeatsBeladyAndMoreMemoryHelps) {
  for (const std::string_view name : kTraceNames) {
    const auto trace =
        make_trace(name, {.requests = 100'000, .seed = 5, .footprint = uint64_t{8} << 20});
    ASSERT_TRUE(trace);
    ASSERT_EQ(trace->requests.size(), 100'000u);
    const PolicyOptions small{.capacity = uint64_t{1} << 20};
    const PolicyOptions large{.capacity = uint64_t{4} << 20};
    const double optimum = simulate_belady(*trace, small).miss_ratio();
    for (const auto simulate : {simulate_lru, simulate_s3fifo}) {
      EXPECT_GT(simulate(*trace, small).miss_ratio(), optimum) << name;
      EXPECT_LT(simulate(*trace, large).miss_ratio(), simulate(*trace, small).miss_ratio()) << name;
    }
  }
}

TEST(Traces, AreTheSameForASeedAndOthersForAnother) {
  const TraceOptions options{.requests = 1000, .seed = 9, .footprint = uint64_t{8} << 20};
  TraceOptions other = options;
  other.seed = 10;
  const auto keys_of = [](const Trace& trace) {
    std::vector<uint32_t> keys;
    for (const TraceRequest& request : trace.requests) {
      keys.push_back(request.key);
    }
    return keys;
  };
  for (const std::string_view name : kTraceNames) {
    EXPECT_EQ(keys_of(*make_trace(name, options)), keys_of(*make_trace(name, options))) << name;
    EXPECT_NE(keys_of(*make_trace(name, options)), keys_of(*make_trace(name, other))) << name;
  }
  EXPECT_FALSE(make_trace("none", options));
}

}  // namespace
}  // namespace ember::bench
