// SPDX-License-Identifier: BSD-3-Clause
// ReplayResult: what a replay of a trace came to.
#pragma once

#include <cstdint>
#include <string>

namespace ember::bench {

struct ReplayResult {
  uint64_t requests = 0;
  uint64_t misses = 0;
  uint64_t request_bytes = 0;  // of all values asked for
  uint64_t miss_bytes = 0;
  uint64_t refused = 0;  // sets that were not stored
  uint64_t corrupt = 0;  // hits with wrong bytes
  double seconds = 0;
  std::string first_error;

  double miss_ratio() const {
    return requests == 0 ? 0 : static_cast<double>(misses) / static_cast<double>(requests);
  }
  double byte_miss_ratio() const {
    return request_bytes == 0
               ? 0
               : static_cast<double>(miss_bytes) / static_cast<double>(request_bytes);
  }
};

}  // namespace ember::bench
