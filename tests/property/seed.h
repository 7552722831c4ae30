// SPDX-License-Identifier: BSD-3-Clause
// seed: the number a random test grows from. EMBER_SEED repeats a run; otherwise each run has a
// new one. It is printed, and a failure names it.
#pragma once

#include <cstdint>

namespace ember::property {

/// The seed of this test, printed to standard output.
uint64_t seed_of_test();

}  // namespace ember::property
