// SPDX-License-Identifier: BSD-3-Clause
// MetricRegistry: all metrics of one server, in the order in which they are shown. Every family of
// `stats`, `stats reset` and docs/metrics.md iterate over it. Not the rows: each module has a table
// of its own (metric.h). Not text: who iterates writes it.
//
// Ownership: owns the groups; what they read outlives the registry.
// Threads: add() and on_reset() by one thread before the others; the rest by any.
// Cost: of a read, a visit of every source of the family and a vector of its values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "server/metrics/metric.h"
#include "server/metrics/metric_group.h"

namespace ember::server {

class MetricRegistry {
 public:
  /// Adds a table whose rows are sums over all sources; shown while `present` is true.
  template <typename Source>
  void add_sum(std::span<const MetricRow<Source>> table,
               typename MetricSum<Source>::Sources sources,
               typename MetricSum<Source>::Present present = {}) {
    add(std::make_unique<MetricSum<Source>>(table, std::move(sources), std::move(present)));
  }

  /// Adds a table that is read from one source.
  template <typename Source>
  void add_one(std::span<const MetricRow<Source>> table, const Source& source) {
    add_sum<Source>(table, [&source](const auto& visit) { visit(source); });
  }

  /// Adds a table whose rows are shown for each source.
  template <typename Source>
  void add_each(std::span<const MetricRow<Source>> table,
                typename MetricEach<Source>::Sources sources) {
    add(std::make_unique<MetricEach<Source>>(table, std::move(sources)));
  }

  void add(std::unique_ptr<MetricGroup> group);

  /// `stats reset` calls `action`: for sources that count from zero by themselves.
  void on_reset(std::function<void()> action);

  /// Returns every metric there is, in order, whether it is shown at present or not.
  std::vector<const Metric*> rows() const;

  /// Returns the values that `family` shows now, in order.
  std::vector<MetricSample> read(MetricFamily family) const;

  /// Returns the number that `family` shows under `name`; nothing when it shows no such number.
  std::optional<uint64_t> number(MetricFamily family, std::string_view name) const;

  /// Does what `stats reset` does.
  void reset();

 private:
  std::vector<std::unique_ptr<MetricGroup>> groups_;
  std::vector<std::function<void()>> reset_actions_;
};

}  // namespace ember::server
