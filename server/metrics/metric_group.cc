// SPDX-License-Identifier: BSD-3-Clause
#include "server/metrics/metric_group.h"

#include <fmt/format.h>

namespace ember::server {

std::string MetricSample::name() const {
  check(metric != nullptr, "a sample is of a metric");
  return numbered ? fmt::format("{}{}:{}", prefix_of(metric->section), number, metric->name)
                  : std::string(metric->name);
}

}  // namespace ember::server
