// SPDX-License-Identifier: BSD-3-Clause
// Metric: one figure that Ember shows: its name, what it means, and how it is read. A module writes
// its metrics down as one table of rows beside its code; `stats` and its families, `stats reset`
// and docs/metrics.md are made from the rows (registry.h). Not the counting: a Counter is counted
// up where the thing happens.
//
// Ownership: rows are constants. Threads: reading a row is as safe as reading its source.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/counter.h"

namespace ember::server {

enum class MetricKind : uint8_t {
  counter,  // only grows (until `stats reset`, where the row says so)
  gauge,    // a state: goes up and down
  text,     // words
};

/// What `stats reset` does to a metric.
enum class MetricReset : uint8_t {
  keeps,      // nothing
  subtracts,  // what was counted until then is subtracted by the group
  by_source,  // the source counts from zero again (MetricRegistry::on_reset)
};

/// What a client asks for: plain `stats`, `stats items` and so on.
enum class MetricFamily : uint8_t { general, items, slabs, settings, ember };

/// Where in its family a metric is shown. Sections are shown in this order; within one, groups in
/// the order in which they were added, rows in the order of their table. The order is memcached's.
enum class MetricSection : uint8_t {
  // `stats`
  process,
  connections,
  replies,
  buffers,
  commands,
  traffic,
  limit,
  threads,
  memory,
  log,
  tls,
  queues,
  items,
  classes,
  // `stats items`, `stats slabs`: the first two are one row for each slab class.
  class_items,
  class_slabs,
  slab_totals,
  // `stats settings`
  settings,
  // `stats ember`: the last is one row for each worker.
  recovery,
  pages,
  prefixes,
  udp,
  workers,
};

/// Returns the family that shows `section`.
MetricFamily family_of(MetricSection section);

/// Returns what stands before the number of a class or worker in the names of `section`.
std::string_view prefix_of(MetricSection section);

/// A value as shown: nothing (the row is left out), a number, or words (a fraction is words too).
using MetricValue = std::variant<std::monostate, uint64_t, std::string>;

/// What all rows have, whatever they are read from.
struct Metric {
  std::string_view name;
  MetricSection section{};
  MetricKind kind{};
  std::string_view unit;  // "bytes", "seconds", "us"; empty: things
  std::string_view help;
  MetricReset reset = MetricReset::keeps;
};

/// How a value is read from a `Source`: a member, or a lambda without captures that takes the
/// source and returns a number, a bool, words or a MetricValue.
template <typename Source>
class MetricReader {
 public:
  using Function = MetricValue (*)(const Source& source);

  // NOLINTBEGIN(google-explicit-constructor): rows name a member, not a reader.
  constexpr MetricReader(uint64_t Source::* member) : how_(member) {}
  constexpr MetricReader(uint32_t Source::* member) : how_(member) {}
  constexpr MetricReader(bool Source::* member) : how_(member) {}
  constexpr MetricReader(Counter Source::* member) : how_(member) {}
  template <typename Lambda>
    requires std::is_empty_v<Lambda> && std::invocable<Lambda, const Source&>
  constexpr MetricReader(Lambda /*lambda*/)
      : how_(Function{[](const Source& source) { return value_of(Lambda{}(source)); }}) {}
  // NOLINTEND(google-explicit-constructor)

  MetricValue operator()(const Source& source) const {
    return std::visit(
        [&](auto how) -> MetricValue {
          if constexpr (std::same_as<decltype(how), Function>) {
            return how(source);
          } else {
            return static_cast<uint64_t>(source.*how);
          }
        },
        how_);
  }

 private:
  template <typename Result>
  static MetricValue value_of(Result&& result) {
    if constexpr (std::integral<std::remove_cvref_t<Result>>) {
      return static_cast<uint64_t>(result);
    } else if constexpr (std::same_as<std::remove_cvref_t<Result>, MetricValue>) {
      return std::forward<Result>(result);
    } else {
      return std::string(std::forward<Result>(result));
    }
  }

  std::variant<uint64_t Source::*, uint32_t Source::*, bool Source::*, Counter Source::*, Function>
      how_;
};

/// One figure, in one row: what it is, and how to read it.
template <typename Source>
struct MetricRow {
  Metric metric;
  MetricReader<Source> read;
};

}  // namespace ember::server
