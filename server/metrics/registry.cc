// SPDX-License-Identifier: BSD-3-Clause
#include "server/metrics/registry.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>

#include "base/check.h"

namespace ember::server {
namespace {

constexpr size_t kSectionCount = static_cast<size_t>(MetricSection::workers) + 1;

/// Puts `all` in the order of sections, without changing the order within one.
template <typename T, typename SectionOf>
void sort_by_section(std::vector<T>& all, const SectionOf& section_of) {
  if (std::ranges::is_sorted(all, {}, section_of)) {
    return;  // `stats items` has thousands of values, all of one section
  }
  std::array<std::vector<T>, kSectionCount> sections;
  const size_t count = all.size();
  for (T& one : all) {
    sections.at(static_cast<size_t>(section_of(one))).push_back(std::move(one));
  }
  all.clear();
  for (std::vector<T>& section : sections) {
    std::ranges::move(section, std::back_inserter(all));
  }
  debug_check(all.size() == count, "sorting loses nothing");
}

/// Returns whether no two of `rows` are shown under one name by one family: clients know them by
/// it.
bool each_named_once(const std::vector<const Metric*>& rows) {
  std::set<std::tuple<MetricFamily, std::string_view, std::string_view>> names;
  return std::ranges::all_of(rows, [&](const Metric* row) {
    return names.emplace(family_of(row->section), prefix_of(row->section), row->name).second;
  });
}

}  // namespace

void MetricRegistry::add(std::unique_ptr<MetricGroup> group) {
  check(group != nullptr, "a group is added once it is made");
  groups_.push_back(std::move(group));
}

void MetricRegistry::on_reset(std::function<void()> action) {
  check(action != nullptr, "a reset does something");
  reset_actions_.push_back(std::move(action));
}

std::vector<const Metric*> MetricRegistry::rows() const {
  std::vector<const Metric*> rows;
  for (const auto& group : groups_) {
    group->list(rows);
  }
  sort_by_section(rows, [](const Metric* row) { return row->section; });
  check(each_named_once(rows), "a name stands for one metric of a family");
  return rows;
}

std::vector<MetricSample> MetricRegistry::read(MetricFamily family) const {
  std::vector<MetricSample> samples;
  for (const auto& group : groups_) {
    group->read(family, samples);
  }
  std::erase_if(samples, [](const MetricSample& sample) {
    debug_check(sample.metric != nullptr, "a sample is of a metric");
    return std::holds_alternative<std::monostate>(sample.value);
  });
  sort_by_section(samples, [](const MetricSample& sample) { return sample.metric->section; });
  return samples;
}

std::optional<uint64_t> MetricRegistry::number(MetricFamily family, std::string_view name) const {
  for (const MetricSample& sample : read(family)) {
    if (const auto* const number = std::get_if<uint64_t>(&sample.value);
        number != nullptr && sample.name() == name) {
      return *number;
    }
  }
  return std::nullopt;
}

void MetricRegistry::reset() {
  for (const auto& group : groups_) {
    group->reset();
  }
  for (const auto& action : reset_actions_) {
    action();
  }
}

}  // namespace ember::server
