// SPDX-License-Identifier: BSD-3-Clause
#include "storage/evict/pressure.h"

#include "base/check.h"

namespace ember::storage {
namespace {

// How a write, and a key that comes back, count beside the eviction of an item that was read.
constexpr double kWriteWeight = 0.1;
constexpr double kReturnWeight = 2.0;
// The loss is smoothed over some so many looks.
constexpr double kSmoothing = 1.0 / 24;

}  // namespace

double Pressure::since(const ClassCounters& events, uint32_t chunk_size) const {
  const auto read = static_cast<double>(events.evicted_main - main_evicted);
  const auto written = static_cast<double>(events.taken - taken);
  const auto returned = static_cast<double>(events.ghost_hits - ghost_hits);
  return (read + written * kWriteWeight + returned * kReturnWeight) * chunk_size;
}

double Pressure::look(const ClassCounters& events, uint32_t chunk_size) {
  const double now = since(events, chunk_size);
  main_evicted = events.evicted_main;
  taken = events.taken;
  ghost_hits = events.ghost_hits;
  const double before = loss.load(std::memory_order_relaxed);
  const double smoothed = before + (now - before) * kSmoothing;
  check(smoothed >= 0, "a class loses no less than nothing");
  loss.store(smoothed, std::memory_order_relaxed);
  return smoothed;
}

}  // namespace ember::storage
