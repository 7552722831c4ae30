// SPDX-License-Identifier: BSD-3-Clause
// The order in which metrics are shown, and what `stats reset` does to each.
#include "server/metrics/registry.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace ember::server {
namespace {

struct Engine {
  uint64_t starts = 0;
  uint32_t speed = 0;
  bool running = false;
  std::string model;
  Counter turns;
};

using enum MetricKind;
using enum MetricReset;

constexpr auto kEngineMetrics = std::to_array<MetricRow<Engine>>({
    {{"speed", MetricSection::threads, gauge, "", "late"}, &Engine::speed},
    {{"starts", MetricSection::process, counter, "", "early", subtracts}, &Engine::starts},
    {{"turns", MetricSection::process, counter, "", "", subtracts}, &Engine::turns},
    {{"running", MetricSection::process, gauge, "", ""}, &Engine::running},
    {{"model", MetricSection::udp, text, "", "another family"},
     [](const Engine& engine) { return engine.model; }},
    {{"hidden", MetricSection::process, gauge, "", "left out"},
     [](const Engine& /*engine*/) { return MetricValue{}; }},
});

constexpr auto kSecondMetrics = std::to_array<MetricRow<Engine>>({
    {{"second", MetricSection::process, gauge, "", "behind the first table's"}, &Engine::speed},
});

constexpr auto kEachEngine = std::to_array<MetricRow<Engine>>({
    {{"speed", MetricSection::workers, gauge, "", ""}, &Engine::speed},
    {{"running", MetricSection::workers, gauge, "", ""}, &Engine::running},
});

std::string shown(const std::vector<MetricSample>& samples) {
  std::string text;
  for (const MetricSample& sample : samples) {
    const auto* const number = std::get_if<uint64_t>(&sample.value);
    text += sample.name() + "=" +
            (number != nullptr ? std::to_string(*number) : std::get<std::string>(sample.value)) +
            " ";
  }
  return text;
}

TEST(MetricRegistry, ShowsSectionsInOrderThenGroupsThenRows) {
  const Engine engine{.starts = 3, .speed = 7, .running = true, .model = "V8", .turns = 9};
  MetricRegistry metrics;
  metrics.add_one<Engine>(kEngineMetrics, engine);
  metrics.add_one<Engine>(kSecondMetrics, engine);
  EXPECT_EQ(shown(metrics.read(MetricFamily::general)),
            "starts=3 turns=9 running=1 second=7 speed=7 ");
  EXPECT_EQ(shown(metrics.read(MetricFamily::ember)), "model=V8 ");
  EXPECT_EQ(shown(metrics.read(MetricFamily::slabs)), "");
  std::string names;
  for (const Metric* row : metrics.rows()) {
    names += std::string(row->name) + " ";
  }
  EXPECT_EQ(names, "starts turns running hidden second speed model ");
}

TEST(MetricRegistry, AReadBesideAResetSubtractsNoMoreThanWasCounted) {
  constexpr uint64_t kTurns = 20'000;
  Engine engine;
  MetricRegistry metrics;
  metrics.add_one<Engine>(kEngineMetrics, engine);
  std::jthread counting([&] {
    for (uint64_t i = 0; i < kTurns; ++i) {
      ++engine.turns;
      metrics.reset();
    }
  });
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_LE(metrics.number(MetricFamily::general, "turns"), kTurns);
  }
}

TEST(MetricRegistry, AddsUpSources) {
  std::vector<Engine> engines(2);
  engines[0] = {.starts = 1, .speed = 2, .model = "first"};
  engines[1] = {.starts = 10, .speed = 20, .model = "last"};
  bool present = true;
  MetricRegistry metrics;
  metrics.add_sum<Engine>(
      kEngineMetrics,
      [&](const auto& visit) {
        for (const Engine& engine : engines) {
          visit(engine);
        }
      },
      [&] { return present; });
  EXPECT_EQ(shown(metrics.read(MetricFamily::general)), "starts=11 turns=0 running=0 speed=22 ");
  EXPECT_EQ(shown(metrics.read(MetricFamily::ember)), "model=last ");
  engines.pop_back();
  EXPECT_EQ(metrics.number(MetricFamily::general, "starts"), 1U);
  EXPECT_EQ(metrics.number(MetricFamily::general, "none"), std::nullopt);
  present = false;
  EXPECT_TRUE(metrics.read(MetricFamily::general).empty());
  EXPECT_EQ(metrics.rows().size(), kEngineMetrics.size());
}

TEST(MetricRegistry, ShowsEachSourceWithItsNumber) {
  MetricRegistry metrics;
  metrics.add_each<Engine>(kEachEngine, [](const auto& visit) {
    visit(0, Engine{.speed = 5});
    visit(4, Engine{.speed = 6, .running = true});
  });
  EXPECT_EQ(shown(metrics.read(MetricFamily::ember)),
            "worker:0:speed=5 worker:0:running=0 worker:4:speed=6 worker:4:running=1 ");
}

TEST(MetricRegistry, ResetSubtractsFromCountersOnly) {
  Engine engine{.starts = 3, .speed = 7, .turns = 9};
  int resets = 0;
  MetricRegistry metrics;
  metrics.add_one<Engine>(kEngineMetrics, engine);
  metrics.on_reset([&] { ++resets; });
  metrics.reset();
  EXPECT_EQ(resets, 1);
  EXPECT_EQ(shown(metrics.read(MetricFamily::general)), "starts=0 turns=0 running=0 speed=7 ");
  engine.starts += 2;
  ++engine.turns;
  EXPECT_EQ(shown(metrics.read(MetricFamily::general)), "starts=2 turns=1 running=0 speed=7 ");
  metrics.reset();
  EXPECT_EQ(metrics.number(MetricFamily::general, "starts"), 0U);
}

TEST(MetricSection, HasOneFamily) {
  EXPECT_EQ(family_of(MetricSection::process), MetricFamily::general);
  EXPECT_EQ(family_of(MetricSection::classes), MetricFamily::general);
  EXPECT_EQ(family_of(MetricSection::class_items), MetricFamily::items);
  EXPECT_EQ(family_of(MetricSection::slab_totals), MetricFamily::slabs);
  EXPECT_EQ(family_of(MetricSection::settings), MetricFamily::settings);
  EXPECT_EQ(family_of(MetricSection::recovery), MetricFamily::ember);
  EXPECT_EQ(family_of(MetricSection::workers), MetricFamily::ember);
}

}  // namespace
}  // namespace ember::server
