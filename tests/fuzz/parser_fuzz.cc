// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the request parser of the text protocols.
#include "tests/fuzz/cut_anywhere.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ember::protocol::testing::cut_anywhere<ember::protocol::testing::Feeder>(data, size);
  return 0;
}
