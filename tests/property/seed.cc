// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/seed.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::property {

uint64_t seed_of_test() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests start their threads later
  const char* given = std::getenv("EMBER_SEED");
  uint64_t seed = std::random_device()();
  if (given != nullptr) {
    const auto parsed = parse_u64(given);
    check(parsed.has_value(), "EMBER_SEED is not a number");
    seed = *parsed;
  }
  testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("EMBER_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace ember::property
