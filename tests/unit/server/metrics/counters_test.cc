// SPDX-License-Identifier: BSD-3-Clause
// The workers' counters and their sums.
#include "server/metrics/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace ember::server {
namespace {

struct CommandMetrics : testing::Test {
  CommandMetrics() { add_command_metrics(counters, metrics); }

  uint64_t total(std::string_view name) const {
    const auto number = metrics.number(MetricFamily::general, name);
    EXPECT_TRUE(number.has_value()) << "no counter " << name;
    return number.value_or(0);
  }

  CounterRegistry counters;
  MetricRegistry metrics;
};

TEST(Counters, EveryCounterHasOneRowOfItsOwn) {
  const size_t rows = command_metrics().size();
  EXPECT_EQ(sizeof(Counter) * rows / 64, sizeof(Counters) / 64 - 1) << "a counter has no row";
  // A row reads its own counter: one that is counted up moves one row.
  std::set<std::string_view> names;
  for (size_t i = 0; i < rows; ++i) {
    names.insert(command_metrics()[i].metric.name);
    Counters counters;
    ++reinterpret_cast<Counter*>(&counters)[i];
    for (size_t j = 0; j < rows; ++j) {
      EXPECT_EQ(command_metrics()[j].read(counters), MetricValue(uint64_t{i == j ? 1U : 0U}))
          << command_metrics()[j].metric.name;
    }
  }
  EXPECT_EQ(names.size(), rows);
}

TEST_F(CommandMetrics, AddUpAllWorkers) {
  Counters& first = counters.add();
  Counters& second = counters.add();
  ++first.cmd_get;
  second.cmd_get += 2;
  ++second.cmd_set;
  EXPECT_EQ(total("cmd_get"), 3U);
  EXPECT_EQ(total("cmd_set"), 1U);
  EXPECT_EQ(total("cmd_touch"), 0U);
}

TEST_F(CommandMetrics, CountFromZeroAfterReset) {
  Counters& worker = counters.add();
  worker.get_hits += 5;
  metrics.reset();
  EXPECT_EQ(total("get_hits"), 0U);
  ++worker.get_hits;
  EXPECT_EQ(total("get_hits"), 1U);
}

TEST_F(CommandMetrics, LoseNothingWhenReadWhileCounting) {
  constexpr uint64_t kCounts = 100'000;
  std::thread worker([&own = counters.add()] {
    for (uint64_t i = 0; i < kCounts; ++i) {
      ++own.cmd_get;
    }
  });
  uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t now = total("cmd_get");
    EXPECT_GE(now, last);
    last = now;
  }
  worker.join();
  EXPECT_EQ(total("cmd_get"), kCounts);
}

}  // namespace
}  // namespace ember::server
