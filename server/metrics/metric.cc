// SPDX-License-Identifier: BSD-3-Clause
#include "server/metrics/metric.h"

#include "base/check.h"

namespace ember::server {

MetricFamily family_of(MetricSection section) {
  using enum MetricSection;
  switch (section) {
    case class_items:
      return MetricFamily::items;
    case class_slabs:
    case slab_totals:
      return MetricFamily::slabs;
    case settings:
      return MetricFamily::settings;
    case recovery:
    case pages:
    case prefixes:
    case udp:
    case workers:
      return MetricFamily::ember;
    default:
      check(section <= classes, "a section belongs to a family");
      return MetricFamily::general;
  }
}

std::string_view prefix_of(MetricSection section) {
  switch (section) {
    case MetricSection::class_items:
      return "items:";
    case MetricSection::workers:
      return "worker:";
    default:
      return {};
  }
}

}  // namespace ember::server
