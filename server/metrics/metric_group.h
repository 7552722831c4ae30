// SPDX-License-Identifier: BSD-3-Clause
// MetricGroup: a table of metrics with what it is read from. MetricSum adds up several sources (the
// counters of all workers); MetricEach shows each of them with its number (slab classes, workers).
// Not the order of what is shown: that is the registry's.
//
// Ownership: the table and whatever the source function refers to outlive the group.
// Threads: any thread reads and resets, as far as the source function allows it.
// Cost: a read visits each source once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "server/metrics/metric.h"

namespace ember::server {

/// One value that was read.
struct MetricSample {
  const Metric* metric = nullptr;
  MetricValue value;
  /// Of the class or worker, where there is one row for each.
  uint64_t number = 0;
  bool numbered = false;

  /// Returns the name as `stats` shows it: "items:3:age", "worker:0:requests", "pid".
  std::string name() const;
};

class MetricGroup {
 public:
  virtual ~MetricGroup() = default;

  /// Adds every row of the table, shown at present or not.
  virtual void list(std::vector<const Metric*>& rows) const = 0;
  /// Adds the values of the rows that `family` shows, in the order of the table.
  virtual void read(MetricFamily family, std::vector<MetricSample>& samples) const = 0;
  /// From now on, rows that subtract count from zero. The source is left alone, so that nothing
  /// that is counted meanwhile is lost.
  virtual void reset() = 0;
};

/// Returns whether `family` shows a row of `table`: a family's rows may be any of a table's.
template <typename Source>
bool shows(std::span<const MetricRow<Source>> table, MetricFamily family) {
  return std::ranges::any_of(table, [family](const MetricRow<Source>& row) {
    return family_of(row.metric.section) == family;
  });
}

template <typename Source>
class MetricSum final : public MetricGroup {
 public:
  using Visit = std::function<void(const Source& source)>;
  /// Calls what it is given with each source there is.
  using Sources = std::function<void(const Visit& visit)>;
  /// Whether the group is shown; if not, its sources are not asked for.
  using Present = std::function<bool()>;

  MetricSum(std::span<const MetricRow<Source>> table, Sources sources, Present present = {})
      : table_(table),
        sources_(std::move(sources)),
        present_(std::move(present)),
        at_reset_(table.size()) {
    for (const MetricRow<Source>& row : table) {
      check(row.metric.reset != MetricReset::subtracts || row.metric.kind == MetricKind::counter,
            "only counters can count from zero again");
    }
  }

  void list(std::vector<const Metric*>& rows) const override {
    for (const MetricRow<Source>& row : table_) {
      rows.push_back(&row.metric);
    }
  }

  void read(MetricFamily family, std::vector<MetricSample>& samples) const override
      EMBER_EXCLUDES(mutex_) {
    if (!shows(table_, family) || (present_ && !present_())) {
      return;
    }
    // Locked before the sources are read: a reset in between would subtract more than they had.
    const MutexLock lock(mutex_);
    std::vector<MetricValue> sums = sum();
    check(sums.size() == table_.size(), "each row has a sum");
    for (size_t i = 0; i < table_.size(); ++i) {
      if (family_of(table_[i].metric.section) == family) {
        if (auto* const number = std::get_if<uint64_t>(&sums[i])) {
          debug_check(*number >= at_reset_[i], "a counter only grows");
          *number -= at_reset_[i];
        }
        samples.push_back({.metric = &table_[i].metric, .value = std::move(sums[i])});
      }
    }
  }

  void reset() override EMBER_EXCLUDES(mutex_) {
    const bool subtracts = std::ranges::any_of(table_, [](const MetricRow<Source>& row) {
      return row.metric.reset == MetricReset::subtracts;
    });
    if (!subtracts || (present_ && !present_())) {
      return;
    }
    const MutexLock lock(mutex_);
    const std::vector<MetricValue> sums = sum();
    for (size_t i = 0; i < table_.size(); ++i) {
      if (table_[i].metric.reset == MetricReset::subtracts) {
        const auto* const number = std::get_if<uint64_t>(&sums[i]);
        check(number != nullptr, "only numbers can count from zero again");
        debug_check(*number >= at_reset_[i], "a counter only grows");
        at_reset_[i] = *number;
      }
    }
  }

 private:
  /// One value a row: numbers are added, of words the last stand.
  std::vector<MetricValue> sum() const {
    std::vector<MetricValue> sums(table_.size(), uint64_t{0});
    sources_([&](const Source& source) {
      for (size_t i = 0; i < table_.size(); ++i) {
        MetricValue value = table_[i].read(source);
        auto* const number = std::get_if<uint64_t>(&value);
        auto* const before = std::get_if<uint64_t>(&sums[i]);
        if (number != nullptr && before != nullptr) {
          *before += *number;
        } else {
          sums[i] = std::move(value);
        }
      }
    });
    return sums;
  }

  const std::span<const MetricRow<Source>> table_;
  const Sources sources_;
  const Present present_;
  mutable Mutex mutex_;
  std::vector<uint64_t> at_reset_ EMBER_GUARDED_BY(mutex_);
};

template <typename Source>
class MetricEach final : public MetricGroup {
 public:
  using Visit = std::function<void(uint64_t number, const Source& source)>;
  /// Calls what it is given with each source there is, and its number.
  using Sources = std::function<void(const Visit& visit)>;

  MetricEach(std::span<const MetricRow<Source>> table, Sources sources)
      : table_(table), sources_(std::move(sources)) {
    for (const MetricRow<Source>& row : table) {
      check(row.metric.section == table.front().metric.section, "one source's rows stand together");
      check(row.metric.reset != MetricReset::subtracts, "sources come and go: none is subtracted");
    }
  }

  void list(std::vector<const Metric*>& rows) const override {
    for (const MetricRow<Source>& row : table_) {
      rows.push_back(&row.metric);
    }
  }

  void read(MetricFamily family, std::vector<MetricSample>& samples) const override {
    if (!shows(table_, family)) {
      return;
    }
    check(sources_ != nullptr, "a table is read from something");
    sources_([&](uint64_t number, const Source& source) {
      for (const MetricRow<Source>& row : table_) {
        samples.push_back(
            {.metric = &row.metric, .value = row.read(source), .number = number, .numbered = true});
      }
    });
  }

  void reset() override {}

 private:
  const std::span<const MetricRow<Source>> table_;
  const Sources sources_;
};

}  // namespace ember::server
