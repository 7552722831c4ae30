// SPDX-License-Identifier: BSD-3-Clause
// The workers' counters and their sums.
#include "server/metrics/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace ember::server {
namespace {

uint64_t total(const CounterRegistry& registry, std::string_view name) {
  const CounterTotals totals = registry.totals();
  for (size_t i = 0; i < kCounterNames.size(); ++i) {
    if (kCounterNames[i].name == name) {
      return totals[i];
    }
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

TEST(Counters, EveryCounterHasOneNameOfItsOwn) {
  EXPECT_EQ(sizeof(Counter) * kCounterNames.size() / 64, sizeof(Counters) / 64 - 1)
      << "a counter is missing in the table of names";
  Counters counters;
  std::set<std::string_view> names;
  std::set<const Counter*> places;
  for (const CounterName& entry : kCounterNames) {
    names.insert(entry.name);
    places.insert(&(counters.*entry.counter));
  }
  EXPECT_EQ(names.size(), kCounterNames.size());
  EXPECT_EQ(places.size(), kCounterNames.size());
}

TEST(CounterRegistry, AddsUpAllWorkers) {
  CounterRegistry registry;
  Counters& first = registry.add();
  Counters& second = registry.add();
  ++first.cmd_get;
  second.cmd_get += 2;
  ++second.cmd_set;
  EXPECT_EQ(total(registry, "cmd_get"), 3U);
  EXPECT_EQ(total(registry, "cmd_set"), 1U);
  EXPECT_EQ(total(registry, "cmd_touch"), 0U);
}

TEST(CounterRegistry, CountsFromZeroAfterReset) {
  CounterRegistry registry;
  Counters& worker = registry.add();
  worker.get_hits += 5;
  registry.reset();
  EXPECT_EQ(total(registry, "get_hits"), 0U);
  ++worker.get_hits;
  EXPECT_EQ(total(registry, "get_hits"), 1U);
}

TEST(CounterRegistry, LosesNothingWhenReadWhileCounting) {
  CounterRegistry registry;
  constexpr uint64_t kCounts = 100'000;
  std::thread worker([&counters = registry.add()] {
    for (uint64_t i = 0; i < kCounts; ++i) {
      ++counters.cmd_get;
    }
  });
  uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t now = total(registry, "cmd_get");
    EXPECT_GE(now, last);
    last = now;
  }
  worker.join();
  EXPECT_EQ(total(registry, "cmd_get"), kCounts);
}

}  // namespace
}  // namespace ember::server
